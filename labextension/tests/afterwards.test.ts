import assert from 'node:assert/strict';
import { test } from 'node:test';

import { YNotebook, YCodeCell } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { Afterwards } from '../src/provenance/afterwards';
import { isTyping } from '../src/provenance/classify';
import { stepsOf } from '../src/provenance/transaction';

test('what is put off is done once, before what comes next, and by itself', async () => {
  const afterwards = new Afterwards();
  const done: number[] = [];
  afterwards.put(() => done.push(1));
  assert.equal(done.length, 0);
  afterwards.put(() => done.push(2));
  assert.deepEqual(done, [1]);
  afterwards.settle();
  afterwards.settle();
  assert.deepEqual(done, [1, 2]);
  await new Promise<void>(resolve => {
    afterwards.put(() => {
      done.push(3);
      resolve();
    });
  });
  // Neither does the turn of one that was done at once take the next one's.
  await new Promise<void>(resolve => afterwards.put(resolve));
  assert.deepEqual(done, [1, 2, 3]);
});

test('work that puts off more, or throws, is not done again', () => {
  const afterwards = new Afterwards();
  const done: string[] = [];
  afterwards.put(() => {
    done.push('first');
    afterwards.put(() => done.push('second'));
  });
  afterwards.settle();
  assert.deepEqual(done, ['first']);
  afterwards.settle();
  assert.deepEqual(done, ['first', 'second']);
  afterwards.put(() => {
    throw new Error('lost');
  });
  assert.throws(() => afterwards.settle(), /lost/);
  afterwards.settle();
});

test('a cell tells later, too, what a change did to it', () => {
  const notebook = new YNotebook();
  const cell = notebook.addCell({ cell_type: 'code', source: 'value = 1' }) as YCodeCell;
  const events: Y.YTextEvent[] = [];
  cell.ysource.observe(event => events.push(event));
  cell.updateSource(9, 9, '0');
  cell.updateSource(0, 5, 'v');
  assert.deepEqual(
    events.map(event => stepsOf(event).map(step => JSON.stringify(step)).join()),
    ['{"retain":9},{"insert":"0"}', '{"insert":"v"},{"delete":5}']
  );
  notebook.dispose();
});

test('what nobody asked for in time is not told wrong', () => {
  const text = new Y.Doc().getText('source');
  const events: Y.YTextEvent[] = [];
  text.observe(event => events.push(event));
  text.insert(0, 'value');
  assert.throws(() => stepsOf(events[0] as Y.YTextEvent), /after the event-handler fired/);
});

test('only what plain keys do is reckoned later', () => {
  for (const event of ['input', 'input.type', 'input.type.compose', 'delete.backward', 'delete.forward', 'delete.selection']) {
    assert.ok(isTyping(event), event);
  }
  for (const event of ['', 'input.paste', 'input.drop', 'input.complete', 'input.fix', 'input.copyline', 'move.line', 'undo']) {
    assert.ok(!isTyping(event), event);
  }
});
