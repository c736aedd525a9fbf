// The frame that subscribes to a topic. In: a filled-in topic. Out: the text to send, with the keys that it needs and no more.
import type { Filled } from './fill-in.ts';
import { jsonText } from './literals.ts';

export function subscriptionText({ endpoint, values }: Filled): string {
  const members = values.map(({ field, text }) => `,${jsonText(field.name)}:${jsonText(text)}`);
  return `{"action":"subscribe","topic":${jsonText(endpoint.path)}${members.join('')}}`;
}
