// The settings: what the user wants of the answers of a conversation, and the key.

import { byId, el } from './dom.js';
import { apiKey } from './store.js';

// fields are the numbers that one may set, with the limits that the server has.
const fields = [
  { name: 'temperature', label: 'Temperature', min: 0, max: 2, step: 0.1 },
  { name: 'max_tokens', label: 'Most tokens', min: 1, step: 1 },
  { name: 'top_p', label: 'Top P', min: 0, max: 1, step: 0.05 },
  { name: 'top_k', label: 'Top K', min: 0, step: 1 },
  { name: 'min_p', label: 'Min P', min: 0, max: 1, step: 0.05 },
  { name: 'repetition_penalty', label: 'Repeat penalty', min: 0.1, max: 2, step: 0.05 },
  { name: 'seed', label: 'Seed', min: 0, step: 1 },
];

// Settings shows those of a conversation. changed is called when the user changed one.
export class Settings {
  constructor(changed) {
    this.changed = changed;
    this.inputs = new Map();
    for (const f of fields) this.inputs.set(f.name, this.number(f));
    byId('o-system').addEventListener('input', (e) => this.set((c) => (c.system = e.target.value)));
    byId('o-stop').addEventListener('input', (e) => this.set((c) => (c.stop = e.target.value)));
    byId('own').addEventListener('click', () => {
      this.set((c) => {
        c.sampling = {};
        c.stop = '';
      });
      this.show(this.conversation);
    });
    byId('o-key').value = apiKey();
    byId('o-key').addEventListener('change', (e) => {
      apiKey(e.target.value.trim());
      changed('key');
    });
    byId('options').addEventListener('submit', (e) => e.preventDefault());
  }

  // number makes the field of a number.
  number(f) {
    const id = 'o-' + f.name;
    const bad = el('span', { class: 'bad', id: id + '-bad', hidden: true });
    const input = el('input', {
      id, type: 'number', min: String(f.min), max: f.max?.toString(), step: f.step === 1 ? '1' : 'any', inputmode: 'decimal', placeholder: 'default',
      'aria-describedby': bad.id,
      oninput: () => {
        const wrong = this.wrong(f, input);
        bad.textContent = wrong;
        bad.hidden = wrong === '';
        input.setAttribute('aria-invalid', String(wrong !== ''));
        if (wrong === '') this.set((c) => (input.value === '' ? delete c.sampling[f.name] : (c.sampling[f.name] = input.valueAsNumber)));
      },
    });
    byId('sampling').append(el('div', { class: 'field' }, el('label', { for: id }, f.label), input, bad));
    return input;
  }

  // wrong says what is wrong with a field, '' for nothing.
  wrong(f, input) {
    const v = input.validity;
    if (v.badInput) return 'A number is wanted.';
    if (v.rangeUnderflow) return `${f.min} is the least.`;
    if (v.rangeOverflow) return `${f.max} is the most.`;
    if (v.stepMismatch) return 'A whole number is wanted.';
    return '';
  }

  set(change) {
    change(this.conversation);
    this.changed('options');
  }

  // show fills the fields.
  show(conversation) {
    this.conversation = conversation;
    byId('o-system').value = conversation.system;
    byId('o-stop').value = conversation.stop;
    for (const [name, input] of this.inputs) {
      input.value = conversation.sampling[name] ?? '';
      input.setAttribute('aria-invalid', 'false');
      byId(input.id + '-bad').hidden = true;
    }
  }
}

// optionsOf returns the fields of a request for a conversation.
export function optionsOf(conversation) {
  const stop = conversation.stop.split('\n').filter((line) => line !== '');
  return { ...conversation.sampling, ...(stop.length > 0 && { stop }) };
}
