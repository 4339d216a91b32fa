import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { rangeOf } from '../src/lint/ranges';
import { news } from '../src/notify/news';
import { stopAfter } from '../src/panel/keys';
import { IReport, parseMessage } from '../src/protocol';
import { EMPTY_STATE, IGuardState, received } from '../src/store';
import { parseAnswer } from '../src/vetting/answer';
import { Asked } from '../src/vetting/asked';
import { DraftQueue, sameReport, withDrafts } from '../src/vetting/drafts';

function report(cellId: string, sha256: string, msgId = `m-${cellId}`, state = 'ran'): IReport {
  const message = parseMessage({ type: 'report', item: { msg_id: msgId, cell_id: cellId, sha256, state, verdict: 'block' } });
  assert.ok(message?.type === 'report');
  return message.item;
}

test('any answer is read or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (whole, item) => {
      parseAnswer(whole, () => true);
      const answer = parseAnswer({ type: 'vetted', id: 1, cell_id: item, sha256: item, item, problem: item }, () => false);
      assert.ok(answer?.type === 'vetted');
      // What is garbled is no report, or a block: it never looks harmless.
      assert.ok(answer.report === null || answer.report.verdict === 'block' || typeof item === 'object');
    })
  );
});

test('an answer says nothing about another request than its own draft', () => {
  const answer = parseAnswer({ type: 'vetted', id: 1, cell_id: 'a', sha256: 's', item: { msg_id: 'other', cell_id: 'b', state: 'ran' } }, () => false);
  assert.ok(answer?.type === 'vetted');
  assert.deepEqual([answer.report?.cellId, answer.report?.state], ['a', 'draft']);
});

test('each question has its own answer, in any order, and none is left waiting', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5]), async answered => {
      const asked = new Asked();
      const waiting = [1, 2, 3, 4, 5].map(() => asked.ask(() => true));
      answered.forEach(id => asked.settle({ type: 'policy', id, text: String(id) }));
      asked.settle({ type: 'policy', id: 99, text: 'a stray one' });
      asked.giveUp();
      const answers = await Promise.all(waiting);
      answers.forEach((answer, index) => assert.equal(answer?.id ?? 0, answered.includes(index + 1) ? index + 1 : 0));
    })
  );
  assert.equal(await new Asked().ask(() => false), null);
});

test('a queue gives each cell once, the urgent ones first', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean())), added => {
      const queue = new DraftQueue();
      added.forEach(([cell, isUrgent]) => queue.add(cell, isUrgent));
      const urgent = new Set(added.filter(([, isUrgent]) => isUrgent).map(([cell]) => cell));
      const taken: string[] = [];
      for (let cell = queue.take(); cell !== undefined; cell = queue.take()) {
        taken.push(cell);
      }
      assert.deepEqual([...taken].sort(), [...new Set(added.map(([cell]) => cell))].sort());
      assert.ok(taken.slice(0, urgent.size).every(cell => urgent.has(cell)));
      assert.equal(queue.size, 0);
    })
  );
});

test('a draft takes the place of the run of another text, and goes when its own text has run', () => {
  const ran = [report('a', 'old'), report('b', 'same')];
  const drafts = [report('a', 'new', 'd', 'draft'), report('b', 'same', 'd', 'draft'), report('c', 'x', 'd', 'draft')];
  assert.deepEqual(
    withDrafts(ran, drafts).map(one => [one.cellId, one.state]),
    [['b', 'ran'], ['a', 'draft'], ['c', 'draft']]
  );
  assert.equal(withDrafts(ran, [report('b', 'same', 'd', 'draft')]), ran);
});

test('what is said again of the same text is the report of before, and only that', () => {
  const known = report('a', 's', 'd', 'draft');
  const draft = { code: 'x', report: known, problem: '', isOfNotebook: false };
  assert.equal(sameReport(draft, 'x', { ...known, time: 'later', findings: [...known.findings] }), known);
  const others: IReport[] = [
    { ...known, verdict: 'allow' },
    { ...known, sentence: 'deletes `a`' },
    { ...known, origin: 'human' }
  ];
  for (const other of others) {
    assert.equal(sameReport(draft, 'x', other), other);
  }
  const again = { ...known };
  assert.equal(sameReport(draft, 'y', again), again);
  assert.equal(sameReport(undefined, 'x', again), again);
  assert.equal(sameReport(draft, 'x', null), null);
});

test('a range lies within the text and is never empty where there is a character', () => {
  const number = fc.oneof(fc.integer({ min: -5, max: 50 }), fc.double(), fc.constantFrom(NaN, Infinity, -Infinity));
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), number, number, number, number, (text, line, column, endLine, endColumn) => {
      const { from, to } = rangeOf(text, { line, column, endLine, endColumn });
      assert.ok(from >= 0 && from <= to && to <= text.length);
      assert.ok(to > from || text === '');
    })
  );
});

test('columns are characters, and an editor counts units', () => {
  const text = "x = '🙂🙂'; rm()\ny";
  const { from, to } = rangeOf(text, { line: 1, column: 10, endLine: 1, endColumn: 14 });
  assert.equal(text.slice(from, to), 'rm()');
});

function snapshot(reports: object[]): Parameters<typeof received>[1] {
  const message = parseMessage({ type: 'snapshot', guard: { enforced: true }, reports, redactions: [], pending: [] });
  assert.ok(message);
  return message;
}

test('only a new stop is news: not a run, not what a snapshot brings after a reload', () => {
  const stop = { msg_id: 'm1', cell_id: 'a', state: 'blocked', verdict: 'block' };
  const first: IGuardState = received(EMPTY_STATE, snapshot([stop]));
  assert.deepEqual(news(EMPTY_STATE, first).blocked, []);
  const message = parseMessage({ type: 'report', item: { ...stop, msg_id: 'm2' } });
  assert.ok(message);
  const second = received(first, message);
  assert.deepEqual(news(first, second).blocked.map(one => one.msgId), ['m2']);
  const ran = parseMessage({ type: 'report', item: { ...stop, msg_id: 'm3', state: 'ran' } });
  assert.ok(ran);
  assert.deepEqual(news(second, received(second, ran)).blocked, []);
});

test('a question is news once, and when it is settled', () => {
  const ask = parseMessage({ type: 'pending', item: { msg_id: 'm', id: 'q', prompt: '?' } });
  const done = parseMessage({ type: 'answered', id: 'q', choice: 'refuse' });
  assert.ok(ask && done);
  const before = received(EMPTY_STATE, snapshot([]));
  const asked = received(before, ask);
  assert.deepEqual(news(before, asked).asked.map(one => one.id), ['q']);
  assert.deepEqual(news(asked, asked).asked, []);
  assert.deepEqual(news(asked, received(asked, done)).settled, ['q']);
});

test('keys lead through the list and stay in it', () => {
  fc.assert(
    fc.property(fc.constantFrom('ArrowDown', 'ArrowUp', 'Home', 'End', 'x', 'Enter'), fc.nat(9), fc.integer({ min: 1, max: 9 }), (key, at, total) => {
      const next = stopAfter(key, Math.min(at, total - 1), total, false);
      assert.ok(next === null || (next >= 0 && next < total));
      assert.equal(next === null, key === 'x' || key === 'Enter');
    })
  );
  assert.equal(stopAfter('ArrowDown', -1, 3, true), 0);
  assert.equal(stopAfter('ArrowDown', -1, 3, false), null);
});

test('what only calls itself the guard tells nothing', () => {
  for (const type of ['fix', 'humans', 'policy', 'audit']) {
    const data = { type, id: 3, text: 'words', proof: 'p' };
    assert.deepEqual(parseAnswer(data, (text, proof) => text === `${type} 3 words` && proof === 'p'), { type, id: 3, text: 'words' });
    assert.equal(parseAnswer(data, () => false), null);
  }
});
