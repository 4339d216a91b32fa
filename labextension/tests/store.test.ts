import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { GuardMessage, parseCard, parseMessage } from '../src/protocol';
import { EMPTY_STATE, groups, IGuardState, linked, received } from '../src/store';

const FINDING = { rule: 'JG301', severity: 'critical', message: 'drops table `sales`', verdict: 'block', span: { line: 2 } };

function report(cell: string, msg: string, extra: object = {}): object {
  return { msg_id: msg, cell_id: cell, verdict: 'block', state: 'blocked', sentence: 's', findings: [FINDING], ...extra };
}

const places = (...ids: string[]): Map<string, { place: number }> => new Map(ids.map((id, place) => [id, { place }]));

function feed(state: IGuardState, ...messages: object[]): IGuardState {
  return messages.map(parseMessage).filter((m): m is GuardMessage => m !== null).reduce(received, state);
}

const connected = feed(EMPTY_STATE, { type: 'snapshot', guard: { enforced: true }, reports: [], redactions: [], pending: [] });

test('a snapshot replaces everything', () => {
  const before = feed(connected, { type: 'report', item: report('old', 'm0') });
  const after = feed(before, {
    type: 'snapshot',
    guard: { mode: 'observe', preset: 'team', locked: true, isolation: { backend: 'landlock', missing: ['network'] } },
    reports: [report('a', 'm1')],
    redactions: [{ msg_id: 'm1', cell_id: 'a', kind: 'aws_key', channel: 'stdout', count: 2 }],
    pending: []
  });
  assert.deepEqual(after.reports.map(item => item.cellId), ['a']);
  assert.equal(after.guard?.mode, 'observe');
  assert.deepEqual(after.guard?.missing, ['network']);
  assert.equal(after.redactions[0]?.count, 2);
});

test('what a kernel before judged stays until the cell runs again', () => {
  const redaction = { msg_id: 'm1', cell_id: 'a', kind: 'aws_key', channel: 'stdout', count: 2 };
  const snapshot = (run: string, reports: object[] = [], redactions: object[] = []): object => ({
    type: 'snapshot', run, guard: {}, reports, redactions, pending: []
  });
  const marks = (state: IGuardState): unknown => state.reports.map(item => [item.cellId, item.msgId, item.isEarlier === true]);
  const first = feed(EMPTY_STATE, snapshot('one', [report('a', 'm1'), report('b', 'm2')], [redaction]));
  const again = feed(linked(first, 'lost'), snapshot('two'));
  assert.deepEqual(marks(again), [['a', 'm1', true], ['b', 'm2', true]]);
  assert.deepEqual(again.redactions.map(item => item.count), [2]);
  const ran = feed(again, { type: 'report', item: report('b', 'm3') });
  assert.deepEqual(marks(ran), [['a', 'm1', true], ['b', 'm3', false]]);
  // The page connects anew, and to a third kernel then.
  assert.deepEqual(marks(feed(ran, snapshot('two', [report('b', 'm3')]))), [['a', 'm1', true], ['b', 'm3', false]]);
  const third = feed(ran, snapshot('three', [report('a', 'm4')]));
  assert.deepEqual(marks(third), [['b', 'm3', true], ['a', 'm4', false]]);
});

test('a policy that changed is told alone', () => {
  const before = feed(connected, { type: 'report', item: report('a', 'm1') });
  const after = feed(before, { type: 'standing', guard: { mode: 'observe', enforced: true } });
  assert.equal(after.guard?.mode, 'observe');
  assert.equal(after.reports, before.reports);
});

test('a cell that runs again has one report, the new one', () => {
  const state = feed(
    connected,
    { type: 'report', item: report('a', 'm1') },
    { type: 'report', item: report('a', 'm2', { state: 'ran', findings: [] }) }
  );
  assert.deepEqual(state.reports.map(item => item.msgId), ['m2']);
  assert.deepEqual(groups(state.reports, places('a')), []);
});

test('groups follow the notebook, runs outside it come last', () => {
  const state = feed(
    connected,
    { type: 'report', item: report('', 'm1') },
    { type: 'report', item: report('c', 'm2') },
    { type: 'report', item: report('a', 'm3') }
  );
  assert.deepEqual(groups(state.reports, places('a', 'b', 'c')).map(group => [group.cellId, group.index]), [
    ['a', 0],
    ['c', 2],
    ['', -1]
  ]);
});

test('a question goes when it is answered, and when its cell has a report', () => {
  const asked = feed(
    connected,
    { type: 'pending', item: report('a', 'm1', { id: 'q1', prompt: '?' }) },
    { type: 'pending', item: report('b', 'm2', { id: 'q2', prompt: '?' }) }
  );
  assert.equal(asked.pending.length, 2);
  const answered = feed(asked, { type: 'answered', id: 'q1', choice: 'once' });
  assert.deepEqual(answered.pending.map(item => item.id), ['q2']);
  assert.deepEqual(feed(answered, { type: 'report', item: report('b', 'm2') }).pending, []);
});

test('a question says what changed since the cell was allowed, where the guard knows it', () => {
  const question = { id: 'q', prompt: '?', before: 'x = 1', code: 'x = 2' };
  const asked = (extra: object): unknown => feed(connected, { type: 'pending', item: report('a', 'm1', extra) }).pending[0]?.changes;
  assert.deepEqual(asked(question), { before: 'x = 1', after: 'x = 2' });
  assert.equal(asked({ ...question, before: undefined }), null);
  assert.equal(asked({ ...question, code: 7 }), null);
});

test('redactions of one run add up, those of the run before go', () => {
  const redaction = (msg: string, count: number): object => ({
    type: 'redaction',
    item: { msg_id: msg, cell_id: 'a', kind: 'token', channel: 'stdout', count }
  });
  const once = feed(connected, redaction('m1', 1), redaction('m1', 2));
  assert.deepEqual(once.redactions.map(item => item.count), [3]);
  assert.deepEqual(feed(once, redaction('m2', 1)).redactions.map(item => item.msgId), ['m2']);
});

test('a lost kernel keeps the list and drops its questions; an unguarded one has nothing', () => {
  const state = feed(
    connected,
    { type: 'report', item: report('a', 'm1') },
    { type: 'pending', item: report('b', 'm2', { id: 'q', prompt: '?' }) }
  );
  const lost = linked(state, 'lost');
  assert.equal(lost.reports.length, 1);
  assert.equal(lost.pending.length, 0);
  assert.deepEqual(linked(state, 'unguarded', 'python3'), { ...EMPTY_STATE, link: 'unguarded', kernel: 'python3' });
});

test('what cannot be understood looks bad, never harmless', () => {
  const card = parseCard({ findings: [{ severity: 'cute', verdict: 7, message: null }] });
  assert.equal(card.verdict, 'block');
  assert.equal(card.findings[0]?.severity, 'critical');
  assert.equal(card.findings[0]?.verdict, 'block');
});

test('any message at all is survived', () => {
  const type = fc.constantFrom('snapshot', 'report', 'redaction', 'pending', 'answered', 'other');
  const message = fc.tuple(type, fc.dictionary(fc.string(), fc.anything()), fc.anything());
  fc.assert(
    fc.property(fc.array(message), messages => {
      let state = connected;
      for (const [kind, fields, item] of messages) {
        const parsed = parseMessage({ ...fields, type: kind, item });
        state = parsed ? received(state, parsed) : state;
      }
      groups(state.reports, places('a'));
    })
  );
  fc.assert(fc.property(fc.anything(), data => void [parseMessage(data), parseCard(data)]));
});

test('a snapshot is what its reports would have been one by one', () => {
  const item = fc.tuple(fc.constantFrom('a', 'b', 'c', ''), fc.nat(300)).map(([cell, n]) => report(cell, `m${n}`));
  fc.assert(
    fc.property(fc.array(item, { maxLength: 400, size: 'max' }), items => {
      const single = feed(connected, ...items.map(one => ({ type: 'report', item: one })));
      const whole = feed(connected, { type: 'snapshot', guard: {}, reports: items, redactions: [], pending: [] });
      assert.deepEqual(whole.reports, single.reports);
    })
  );
});

test('a snapshot of thousands of cells keeps each, and the latest runs without one', () => {
  const cells = Array.from({ length: 5000 }, (_, i) => report(`c${i}`, `m${i}`));
  const runs = Array.from({ length: 500 }, (_, i) => report('', `r${i}`));
  const state = feed(connected, { type: 'snapshot', guard: {}, reports: [...runs, ...cells], redactions: [], pending: [] });
  assert.equal(state.reports.length, 5200);
  assert.equal(state.reports[0]?.msgId, 'r300');
});

test('runs without a cell are bounded', () => {
  let state = connected;
  for (let i = 0; i < 300; i++) {
    state = feed(state, { type: 'report', item: report('', `m${i}`) });
  }
  assert.equal(state.reports.length, 200);
  assert.equal(state.reports[199]?.msgId, 'm299');
});
