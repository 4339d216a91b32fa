import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { fixRequest, parseRewrite } from '../src/fix/answer';
import { Questions } from '../src/connection/questions';
import { pointOf } from '../src/lint/ranges';
import { parseMessage } from '../src/protocol';
import { parseStatus } from '../src/standing';
import { parseTrail, shortTime } from '../src/trail/records';

const SPAN = { line: 2, column: 0, endLine: 2, endColumn: 3 };

function request(code: string): Parameters<Questions['rewrite']>[0] {
  return { code, above: ['import requests'], rule: 'JG502', span: SPAN, via: ['requests.get'] };
}

test('any answer about a rewrite or the journal is read or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (value, words) => {
      for (const answer of [words, JSON.stringify(value) ?? 'undefined', JSON.stringify({ code: value, edits: [value], records: value, problem: value })]) {
        const rewrite = parseRewrite(answer);
        assert.ok('problem' in rewrite ? typeof rewrite.problem === 'string' : rewrite.fix.edits.length > 0);
        const trail = parseTrail(answer);
        assert.ok('problem' in trail ? typeof trail.problem === 'string' : Array.isArray(trail.decisions));
      }
    })
  );
});

test('what is asked about a finding names its callables once', () => {
  const item = {
    msg_id: 'm',
    findings: [{ rule: 'JG502', span: { line: 2, column: 0, end_line: 2, end_column: 3 }, fixable: true, effects: [{ via: 'a.b' }, { via: 'a.b' }, {}] }]
  };
  const message = parseMessage({ type: 'report', item });
  assert.ok(message?.type === 'report');
  const [finding] = message.item.findings;
  assert.ok(finding);
  assert.equal(finding.fixable, true);
  assert.deepEqual(fixRequest('code', ['above'], finding), { code: 'code', above: ['above'], rule: 'JG502', span: SPAN, via: ['a.b'] });
  const named = { ...finding, effects: [], via: 'sqlite3.Cursor.execute' };
  assert.deepEqual(fixRequest('code', [], named).via, ['sqlite3.Cursor.execute']);
});

test('a rewrite is safe unless the guard says that it is not', () => {
  const answer = { title: 't', code: 'after', edits: [{ text: '', span: {} }] };
  const read = (more: object): boolean => {
    const found = parseRewrite(JSON.stringify({ ...answer, ...more }));
    assert.ok('fix' in found);
    return found.fix.isSafe;
  };
  assert.deepEqual([read({}), read({ safe: true }), read({ safe: false })], [true, true, false]);
});

test('only what the guard itself rewrote counts as its rewrite', async () => {
  const sent: { readonly id?: unknown; readonly type?: unknown; readonly above?: unknown }[] = [];
  const questions = new Questions(data => sent.push(data) > 0, () => true);
  const waiting = questions.rewrite(request('before'));
  const text = JSON.stringify({ title: 't', code: 'after', edits: [{ text: '', span: {} }] });
  questions.settle({ type: 'fix', id: Number(sent[0]?.id), text });
  assert.deepEqual(await waiting, parseRewrite(text));
  assert.deepEqual(sent[0]?.above, ['import requests']);
  assert.equal(questions.hasRewritten('before', 'after'), true);
  assert.equal(questions.hasRewritten('before', 'after all'), false);
  assert.equal(questions.hasRewritten('after', 'before'), false);
  assert.equal(await new Questions(() => false, () => true).rewrite(request('x')), null);
});

test('a failed question is words, not a rewrite', async () => {
  const sent: { readonly id?: unknown }[] = [];
  const questions = new Questions(data => sent.push(data) > 0, () => true);
  const waiting = questions.rewrite(request('before'));
  questions.settle({ type: 'fix', id: Number(sent[0]?.id), text: 'the process that judges cells ended' });
  assert.deepEqual(await waiting, { problem: 'the process that judges cells ended' });
  assert.equal(questions.hasRewritten('before', 'before'), false);
});

test('a place is an offset within the text, whatever it says, and counts code points', () => {
  fc.assert(
    fc.property(fc.fullUnicodeString(), fc.integer(), fc.integer(), (text, line, column) => {
      const at = pointOf(text, line, column);
      assert.ok(at >= 0 && at <= text.length);
    })
  );
  assert.equal(pointOf('a\n😀b', 2, 1), 4);
});

test('limits and privileges are shown as far as the guard says them', () => {
  const { limits, privileges } = parseStatus({ limits: [['memory', 4 * 1024 ** 3, 'user policy'], ['x'], 7], privileges: { root: true, docker: false, groups: 'wheel' } });
  assert.deepEqual(limits, [{ name: 'memory', value: 4294967296, from: 'user policy' }]);
  assert.deepEqual(privileges, ['root', 'groups: wheel']);
  assert.equal(parseStatus({}).privileges, null);
  assert.deepEqual(parseStatus({ privileges: ['runs as root', 1] }).privileges, ['runs as root']);
  fc.assert(fc.property(fc.anything(), value => void parseStatus({ limits: value, privileges: value })));
});

test('a time of today is an hour, another one has its day, and no time is nothing', () => {
  const now = new Date(2026, 4, 7, 18, 0);
  assert.equal(shortTime(new Date(2026, 4, 7, 9, 5).toISOString(), now), '09:05');
  assert.equal(shortTime(new Date(2026, 4, 6, 9, 5).toISOString(), now), '2026-05-06 09:05');
  assert.equal(shortTime('yesterday', now), '');
});

test('a decision is read with what came of it', () => {
  const trail = parseTrail(JSON.stringify({ records: [{ state: 'confirmed', approvals: [{ choice: 'once', channel: 'panel' }], redactions: { a: 2, b: 1 }, telling: true, current: true, rules: ['JG301', 3] }] }));
  assert.ok('decisions' in trail);
  const [decision] = trail.decisions;
  assert.deepEqual(
    [decision?.state, decision?.redactions, decision?.rules, decision?.isTelling, decision?.isCurrent, decision?.origin],
    ['confirmed', 3, ['JG301'], true, true, 'unknown']
  );
});
