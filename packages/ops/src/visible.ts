// Text that others wrote (names of symbols, messages of a gateway, lines of a log) on its way to a terminal. In: any text. Out: the same with
// every character that a terminal would act upon, or that cannot be seen, spelled as `\u001b`. Line breaks, tabs and the colours that we
// set ourselves stay. A JSON document means the same afterwards.

/** Colours and weights of `styleText`. */
const OURS = String.raw`\u001b\[(?:0|1|2|22|39|[39][0-7])m`;
const HIDDEN = new RegExp(String.raw`${OURS}|(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]`, 'gu');

export function visible(text: string): string {
  return text.replace(HIDDEN, (found) => (found.length > 2 ? found : spelled(found)));
}

/** The same for a line of JSON whose strings will be printed as what they mean: what they spell stays spelled. */
export function visibleOnceRead(json: string): string {
  return json
    .replaceAll(/\\(u[0-9a-fA-F]{4}|.)/g, (escape, sign: string) =>
      /^(?:u(?!000[aA9])00[01]|[bfr]$)/.test(sign) ? `\\${escape}` : escape,
    )
    .replace(HIDDEN, (found) => spelled(found).replaceAll('\\', '\\\\'));
}

const spelled = (text: string): string =>
  Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
