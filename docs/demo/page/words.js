// SPDX-License-Identifier: Apache-2.0
// One sentence or two for each step: what happens, and the engine's own reason for it.

const counted = (count, one, many) => count + ' ' + (count === 1 ? one : many || one + 's');
const bytesOf = (count) => (count < 1024 ? count + ' bytes' : (count / 1024).toFixed(1) + ' KiB');
const listed = (words) => (words.length < 2 ? words.join('') : words.slice(0, -1).join(', ') + ' and ' + words[words.length - 1]);

const FROZEN_REASONS = {
  size: (facts, options) => `it holds ${bytesOf(facts.bytes)} of its ${bytesOf(options.memtable_size)}`,
  log: (facts) => `its log has grown to ${bytesOf(facts.log_bytes)}`,
  asked: () => 'a flush was asked for',
};

// Why tables are merged, from the event's "reason".
function mergeReason(facts, options) {
  if (facts.reason === 'manual') return 'somebody asked for a compaction';
  if (facts.reason === 'deletes') return 'half of the table or more is tombstones, which only a merge downward can drop';
  if (facts.reason === 'runs') return 'there are runs of like size';
  if (facts.level === 0) return `level 0 has reached its ${options.level0_compact_count} tables, and each of them may have to be asked by a read`;
  return `level ${facts.level} is larger than its target`;
}

const WORDS = {
  created: () => 'Open: a new database. Its identity, manifest and first log segment are on disk before the first write.',
  put: ({key, value, sequence}) => `Put ${key} = ${value}: number ${sequence}. First appended to the log, so that no crash of the process loses it, then added to the memtable, sorted by key.`,
  delete: ({key, sequence}) => `Delete ${key}: number ${sequence} is a tombstone, an entry like any other. It hides the older versions, wherever they are.`,
  frozen: (facts, {options}) => `The memtable is frozen, because ${FROZEN_REASONS[facts.reason](facts, options)}. A new one takes the writes; reads look into both.`,
  flush: ({entries, file}) => `Flush: ${counted(entries, 'entry', 'entries')} of the frozen memtable are written as table ${file}, in key order. Nothing is visible yet: first the file is synced.`,
  flushed: ({file, entries}) => `Table ${file} is in the manifest: level 0 has it, the memtable goes, and the ${counted(entries.length, 'record')} of log are not needed any more.`,
  merging: (facts, {options}) => {
    const overlapped = facts.overlapped > 0 ? ` with ${counted(facts.overlapped, 'table')} of level ${facts.output_level} that they overlap` : '';
    return `Compaction: ${mergeReason(facts, options)}. ${counted(facts.inputs, 'table')} of level ${facts.level}, merged${overlapped}: ${bytesOf(facts.bytes)} to read.`;
  },
  merged: (facts, {step}) => {
    const gone = [];
    if (facts.hidden > 0) gone.push(counted(facts.hidden, 'hidden version'));
    if (facts.tombstones > 0) gone.push(counted(facts.tombstones, 'tombstone') + ' with nothing left to hide');
    const kept = step.state.snapshot === null ? '' : ' What only the snapshot can see stays.';
    const left = gone.length > 0 ? `Left out: ${listed(gone)}.` : 'Nothing could be left out.';
    return `One line in the manifest swaps ${counted(facts.began.files.length, 'table')} for ${counted(facts.outputs, 'new one')} in level ${facts.output_level}. ${left}${kept}`;
  },
  moved: ({file, level, output_level: output}) => `Table ${file} overlaps nothing in level ${output}, so it moves down from level ${level} by one line in the manifest: not a byte is rewritten.`,
  get: getWords,
  snapshot: ({sequence}) => `A snapshot: reads at it see number ${sequence} and what is older. Compaction now keeps versions that only it can see.`,
  release: () => 'The snapshot is released: what was kept for it alone may go with the next merge.',
  close: () => 'Close: the memtable is gone with the process. What it held is still in the log.',
  recovered: (facts, {step}) => `Open: the manifest says which tables count, and the log from there is read again: ${counted(step.state.log.length, 'entry', 'entries')} back in the memtable, up to number ${facts.last_sequence}.`,
};

function getWords(facts, {step}) {
  const {key, answer, value} = facts;
  const at = facts.at_snapshot ? ` at the snapshot (number ${answer.at})` : '';
  const {asked} = step.focus;
  const passed = asked.length > 0
    ? ` ${counted(asked.length, 'newer table')} ${asked.length === 1 ? 'has' : 'have'} the key in range but not this version: mostly the filter tells without a read.` : '';
  if (answer.from === 'nowhere') {
    const filters = asked.length > 0 ? `; for the ${counted(asked.length, 'table')} with such a range the filter says no` : '';
    return `Get ${key}${at}: nobody has it, neither the memtable nor a table${filters}. Absent.`;
  }
  const found = answer.deleted ? 'a tombstone, so the key is absent and nobody looks deeper' : value;
  if (answer.from === 'memtable') return `Get ${key}${at}: the memtable has it: ${found}. Newest first, so no table is asked.`;
  return `Get ${key}${at}: not in memory.${passed} Table ${answer.file} in level ${answer.level} answers: ${found}.`;
}

function captionOf(model, step) {
  return WORDS[step.type](step.facts, {options: model.options, step});
}

// The events as they came; those of one name in a row on one line.
function eventsText(events) {
  const lines = [];
  let last = null;
  for (const {name, fields} of events) {
    const said = Object.entries(fields).map(([field, value]) => ` ${field}=${value}`).join('');
    if (name === last) lines.push(lines.pop() + ',' + said);
    else lines.push(name + said);
    last = name;
  }
  return lines.join('\n');
}

function tableText(table) {
  const deletes = table.deletes > 0 ? `, ${counted(table.deletes, 'tombstone')}` : '';
  return [`table ${table.file} in level ${table.level}`, `keys ${table.smallest} to ${table.largest}`,
          `${bytesOf(table.bytes)}, ${counted(table.entries.length, 'entry', 'entries')}${deletes}`];
}

const FATES = {live: 'what a read finds', kept: 'kept for the snapshot', hidden: 'hidden by a newer version'};

function entryText(model, entry, fate) {
  const value = entry.deleted ? 'tombstone' : model.values.get(entry.sequence);
  return [`${entry.key}: ${value}`, `number ${entry.sequence}` + (fate ? `, ${FATES[fate]}` : '')];
}
