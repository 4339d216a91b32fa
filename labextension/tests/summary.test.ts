import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { GuardMessage, parseMessage } from '../src/protocol';
import { summary, worstVerdict } from '../src/status/summary';
import { EMPTY_STATE, IGuardState, linked, received } from '../src/store';

const say = (text: string, ...values: unknown[]): string =>
  values.reduce<string>((said, value, index) => said.replace(`%${index + 1}`, String(value)), text);
const english = {
  __: say,
  _n: (one: string, many: string, count: number) => say(count === 1 ? one : many, count)
} as unknown as TranslationBundle;

function state(guard: object, reports: object[] = [], pending: object[] = []): IGuardState {
  const message = parseMessage({ type: 'snapshot', guard, reports, redactions: [], pending });
  assert.ok(message);
  return received(EMPTY_STATE, message satisfies GuardMessage);
}

function told(shown: IGuardState): string | undefined {
  return summary(shown, shown.reports, english)?.text;
}

const report = (cell: string, verdict: string): object => ({ msg_id: cell, cell_id: cell, verdict, state: 'done', findings: [] });
const question = (id: string): object => ({ id, prompt: 'Run it?', ...report(id, 'confirm') });
const ENFORCES = { mode: 'enforce', enforced: true, preset: 'team', isolation: { backend: 'bubblewrap', missing: [] } };

test('without a kernel there is nothing to say', () => {
  assert.equal(summary(EMPTY_STATE, [], english), null);
});

test('a kernel that is not guarded, or whose guard is not there, is said to be so', () => {
  for (const [link, text] of [['unguarded', 'Not guarded'], ['connecting', 'Guard …'], ['lost', 'Guard away'], ['silent', 'Not guarded']] as const) {
    const shown = summary(linked(state(ENFORCES, [report('a', 'block')]), link), [], english);
    assert.deepEqual([shown?.tone, shown?.text, shown?.worst], ['off', text, 'allow']);
    assert.equal(shown?.title, 'Cells of this notebook run without being looked at');
  }
});

test('a guard that enforces is on, with what isolates it', () => {
  const shown = summary(state(ENFORCES), [], english);
  assert.deepEqual([shown?.tone, shown?.text], ['on', 'Guard enforces · bubblewrap']);
  assert.equal(shown?.title, 'Policy team; isolation: bubblewrap. Click to open the guard panel.');
});

test('a guard that observes, or is within the kernel, only watches', () => {
  const observes = summary(state({ ...ENFORCES, mode: 'observe' }), [], english);
  assert.deepEqual([observes?.tone, observes?.text], ['watch', 'Guard observes · bubblewrap']);
  const inside = summary(state({ ...ENFORCES, enforced: false }), [], english);
  assert.deepEqual([inside?.tone, inside?.text], ['watch', 'Guard cooperative · bubblewrap']);
});

test('no isolation is said in words, also where the guard says nothing of it', () => {
  assert.equal(told(state({ ...ENFORCES, isolation: { backend: 'none' } })), 'Guard enforces · no isolation');
  assert.equal(told(state({ enforced: true })), 'Guard enforces · no isolation');
});

test('the worst verdict is said, and before it how many cells wait', () => {
  const reports = [report('a', 'warn'), report('b', 'block'), report('c', 'confirm')];
  assert.equal(told(state(ENFORCES, reports)), 'Guard enforces · stopped a cell · bubblewrap');
  assert.equal(told(state(ENFORCES, [report('c', 'confirm')])), 'Guard enforces · asked about a cell · bubblewrap');
  assert.equal(told(state(ENFORCES, [report('a', 'warn')])), 'Guard enforces · warned · bubblewrap');
  assert.equal(told(state(ENFORCES, [report('a', 'allow')])), 'Guard enforces · bubblewrap');
  const waiting = summary(state(ENFORCES, reports, [question('d')]), state(ENFORCES, reports).reports, english);
  assert.deepEqual([waiting?.text, waiting?.worst], ['Guard enforces · 1 waits · bubblewrap', 'block']);
  assert.equal(told(state(ENFORCES, [], [question('d'), question('e')])), 'Guard enforces · 2 wait · bubblewrap');
});

test('of no reports the worst is none', () => {
  assert.equal(worstVerdict([]), 'allow');
});
