// One field of the form, with its label, what it takes, and room for what is wrong with it. In: the field as the console tells it. Out: elements;
// their text is set as text. Checked by the types of tsconfig.json beside it; served as it stands.

/** @import { Field } from '../endpoint.ts' */

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {Field} field
 * @param {string} kept What stands in it at first.
 */
export function fieldRow(field, kept) {
  const id = `field-${field.name}`;
  const label = element('label', { for: id }, field.name, ' ');
  label.append(
    field.required && !field.secret
      ? element('span', { class: 'required' }, 'required')
      : element('span', { class: 'kind' }, field.secret ? 'secret' : 'optional'),
  );
  const notes = notesOf(field);
  const described = { 'aria-describedby': `${id}-note ${id}-problem` };
  /** @type {HTMLElement} */
  let input;
  if (field.secret) {
    input = element('input', {
      id,
      readonly: '',
      value: 'from a variable: see below the command',
      ...described,
    });
  } else if (field.options !== null) {
    input = element('select', { id, name: field.name, ...described });
    input.append(element('option', { value: '' }, field.required ? 'choose…' : 'not given'));
    for (const option of field.options) input.append(element('option', { value: option }, option));
  } else {
    const example = field.brokerTime ? '2026-06-22T00:00:00' : (field.defaultText ?? '');
    const numeric = field.kind === 'number' ? 'decimal' : field.kind === 'integer' ? 'numeric' : 'text';
    input = element('input', {
      id,
      name: field.name,
      placeholder: example,
      inputmode: numeric,
      spellcheck: 'false',
      autocapitalize: 'off',
      ...described,
    });
    if (field.name === 'symbol') input.setAttribute('list', 'symbols');
  }
  if (!field.secret) {
    if (field.required) input.setAttribute('aria-required', 'true');
    const box = /** @type {HTMLInputElement | HTMLSelectElement} */ (input);
    box.value = kept; // a select takes only what it offers
  }
  return element(
    'div',
    { class: 'pair' },
    label,
    input,
    element('p', { class: 'hint', id: `${id}-note` }, notes),
    element('p', { class: 'problem', id: `${id}-problem`, role: 'alert' }),
  );
}

/** @param {Field} field */
function notesOf(field) {
  const notes = [];
  if (field.description !== null) notes.push(field.description);
  if (field.brokerTime && !/broker time/i.test(field.description ?? ''))
    notes.push("Broker time: the wall clock of the broker's server, without a zone");
  if (field.kind === 'integer') notes.push('A whole number');
  if (field.kind === 'json') notes.push('JSON');
  if (field.above !== null) notes.push(`More than ${field.above}`);
  if (field.least !== null && field.least > Number.MIN_SAFE_INTEGER) notes.push(`${field.least} or more`);
  if (field.most !== null && field.most < Number.MAX_SAFE_INTEGER) notes.push(`${field.most} or less`);
  if (field.defaultText !== null) notes.push(`Default ${field.defaultText}`);
  return notes.join('. ');
}
