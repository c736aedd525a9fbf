// Texts as words of other languages. In: any well-formed text. Out: a word of sh, a literal of TypeScript, of Python. A reader sees what is
// there: characters that are invisible or turn the direction of writing are escaped where the language can.

/** For sh, bash and zsh. Nothing inside single quotes means anything. */
export const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Controls from 0x7f on, marks of width and direction, separators that end a line in some languages. */
const HIDDEN = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const escaped = (text: string): string =>
  JSON.stringify(text).replaceAll(HIDDEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function typescriptText(text: string): string {
  const inside = escaped(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inside}'`;
}

/** The escapes of JSON mean the same in Python. */
export const pythonText = (text: string): string => escaped(text);

/** A text as JSON has it, readable on a screen. */
export const jsonText = (text: string): string => escaped(text);

/** A name that needs no quotes in TypeScript. */
export const typescriptName = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? name : typescriptText(name);
