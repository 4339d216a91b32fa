import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { arranged, count, EVERYTHING, firstGroups, IQuery } from '../src/panel/arrange';
import { SEVERITIES } from '../src/protocol';
import { ICellGroup } from '../src/store';
import { parseAnswer } from '../src/vetting/answer';

function group(index: number, rules: readonly string[], severity = 'high', origin = 'human'): ICellGroup {
  const answer = parseAnswer({
    type: 'vetted',
    id: 1,
    cell_id: `c${index}`,
    sha256: '',
    item: { origin, sentence: `does ${rules.join(' ')}`, findings: rules.map(rule => ({ rule, severity, message: `m ${rule}` })) }
  }, () => false);
  assert.ok(answer?.type === 'vetted' && answer.report);
  return { cellId: `c${index}`, index, report: answer.report };
}

const GROUPS = fc.array(
  fc.record({
    index: fc.integer({ min: -1, max: 30 }),
    rules: fc.array(fc.constantFrom('JG101', 'JG201', 'JG301'), { minLength: 1, maxLength: 4 }),
    severity: fc.constantFrom(...SEVERITIES),
    origin: fc.constantFrom('human', 'assistant')
  }),
  { maxLength: 20 }
);
const QUERIES: fc.Arbitrary<IQuery> = fc.record({
  text: fc.constantFrom('', 'jg301', 'assistant', 'M jg201', 'nothing at all'),
  groupBy: fc.constantFrom('cell', 'rule', 'origin'),
  sortBy: fc.constantFrom('place', 'severity', 'time'),
  least: fc.constantFrom(...SEVERITIES)
});

test('no way of arranging loses or doubles a finding', () => {
  fc.assert(
    fc.property(GROUPS, QUERIES, (made, query) => {
      const groups = made.map(({ index, rules, severity, origin }) => group(index, rules, severity, origin));
      const all = groups.reduce((sum, one) => sum + one.report.findings.length, 0);
      const everything = arranged(groups, { ...query, text: '', least: 'note' });
      assert.equal(count(everything), all);
      assert.ok(count(arranged(groups, query)) <= all);
      // However they are grouped and sorted, the same are found.
      assert.equal(count(arranged(groups, query)), count(arranged(groups, { ...query, groupBy: 'cell', sortBy: 'place' })));
    })
  );
});

test('words may stand in any order and case, in the finding or the cell', () => {
  const groups = [group(0, ['JG101']), group(1, ['JG301'])];
  const found = arranged(groups, { ...EVERYTHING, text: 'SALES jg301' }, one => (one.index === 1 ? 'Cell 2 drop sales' : ''));
  assert.deepEqual(found.map(one => one.groups.map(each => each.cellId)), [['c1']]);
});

test('by rule, a cell stands under each of its rules with that rule only', () => {
  const [first, second] = arranged([group(0, ['JG301', 'JG101'])], { ...EVERYTHING, groupBy: 'rule' });
  assert.deepEqual([first?.key, second?.key], ['JG101', 'JG301']);
  assert.deepEqual(first?.groups[0]?.report.findings.map(one => one.rule), ['JG101']);
});

test('a report that is listed whole stays the same object', () => {
  const one = group(0, ['JG301', 'JG101']);
  assert.equal(arranged([one], EVERYTHING)[0]?.groups[0]?.report, one.report);
});

test('by severity, the worst cell is first', () => {
  const found = arranged([group(0, ['JG101'], 'low'), group(1, ['JG301'], 'critical')], { ...EVERYTHING, sortBy: 'severity' });
  assert.deepEqual(found[0]?.groups.map(one => one.index), [1, 0]);
});

test('what is less severe than asked for is left out, and what is as severe is not', () => {
  const groups = [group(0, ['JG101'], 'low'), group(1, ['JG201'], 'high'), group(2, ['JG301'], 'critical')];
  const found = arranged(groups, { ...EVERYTHING, least: 'high' });
  assert.deepEqual(found.map(one => one.groups.map(each => each.cellId)), [['c1', 'c2']]);
  assert.equal(count(arranged(groups, { ...EVERYTHING, least: 'note' })), 3);
  assert.deepEqual(arranged(groups.slice(0, 1), { ...EVERYTHING, least: 'high' }), []);
});

test('by time, the latest cell is first; of the same moment, by place', () => {
  const at = (index: number, time: string): ICellGroup => {
    const one = group(index, ['JG101']);
    return { ...one, report: { ...one.report, time } };
  };
  const [early, late] = ['2026-11-27T09:00:00+00:00', '2026-11-27T10:00:00+00:00'];
  const found = arranged([at(0, early), at(2, late), at(1, late)], { ...EVERYTHING, sortBy: 'time' });
  assert.deepEqual(found.map(one => one.groups.map(each => each.index)), [[1, 2, 0]]);
});

test('by origin, each has a section with its cells, in the order of their names', () => {
  const groups = [group(0, ['JG101'], 'high', 'human'), group(1, ['JG201'], 'low', 'assistant'), group(2, ['JG301'], 'low', 'human')];
  const found = arranged(groups, { ...EVERYTHING, groupBy: 'origin' });
  assert.deepEqual(found.map(one => [one.key, one.groups.map(each => each.index)]), [['assistant', [1]], ['human', [0, 2]]]);
});

test('5,000 findings of 2,000 cells are arranged within one frame or two', () => {
  const groups = Array.from({ length: 2000 }, (_, index) => group(index, index % 2 ? ['JG101', 'JG201', 'JG301'] : ['JG101', 'JG301']));
  // Processor time: what else the machine does is no matter of this.
  const begin = process.cpuUsage();
  assert.equal(count(arranged(groups, { ...EVERYTHING, text: 'jg', sortBy: 'severity' })), 5000);
  const { user, system } = process.cpuUsage(begin);
  assert.ok((user + system) / 1000 < 150);
});

test('the beginning of a long list is its first groups, in their sections and order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 6 })), fc.nat({ max: 20 }), (sizes, most) => {
      const sections = sizes.map((size, at) => ({ key: String(at), groups: Array.from({ length: size }, (_, index) => group(at * 100 + index, ['JG101'])) }));
      const all = sections.flatMap(section => section.groups);
      const first = firstGroups(sections, most);
      assert.deepEqual(first.flatMap(section => section.groups), all.slice(0, most));
      assert.ok(first.every(section => section.groups.length > 0));
    })
  );
});
