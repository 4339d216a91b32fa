/** What a person looks for in the list, and judging all cells at once. */

import * as React from 'react';

import { Severity } from '../protocol';
import { IVetAll } from '../vetting/token';
import { severityWord } from '../words';
import { GroupBy, IQuery, SortBy } from './arrange';
import { IPanelActions } from './context';

const LEAST: readonly Severity[] = ['note', 'low', 'medium', 'high', 'critical'];

interface IToolbarProps {
  readonly query: IQuery;
  readonly onQuery: (query: IQuery) => void;
  readonly canVet: boolean;
  readonly progress: IVetAll | null;
  readonly actions: IPanelActions;
}

export function Toolbar({ query, onQuery, canVet, progress, actions }: IToolbarProps): JSX.Element {
  const { trans } = actions;
  return (
    <div className="jg-Toolbar" role="search" aria-label={trans.__('Find in the findings')}>
      <input
        type="search"
        className="jg-Search"
        placeholder={trans.__('Search findings')}
        aria-label={trans.__('Search findings')}
        title={trans.__('Press / to search, the arrow keys to go through the list')}
        value={query.text}
        onChange={event => onQuery({ ...query, text: event.target.value })}
      />
      <button
        type="button"
        className="jg-Answer jg-VetAll"
        disabled={!canVet || progress !== null}
        title={
          canVet
            ? trans.__('Judge every cell in its order, before anything runs')
            : trans.__('This kernel has no guard that judges cells before they run')
        }
        onClick={() => actions.vetAll()}
      >
        {progress ? trans.__('%1 of %2', progress.done, progress.total) : trans.__('Vet all')}
      </button>
      <div className="jg-Choices">
        <Choice
          label={trans.__('Group')}
          value={query.groupBy}
          options={[
            ['cell', trans.__('cell')],
            ['rule', trans.__('rule')],
            ['origin', trans.__('origin')]
          ]}
          onChange={value => onQuery({ ...query, groupBy: value as GroupBy })}
        />
        <Choice
          label={trans.__('Sort')}
          value={query.sortBy}
          options={[
            ['place', trans.__('place')],
            ['severity', trans.__('severity')],
            ['time', trans.__('time')]
          ]}
          onChange={value => onQuery({ ...query, sortBy: value as SortBy })}
        />
        <Choice
          label={trans.__('From')}
          value={query.least}
          options={LEAST.map(severity => [severity, severityWord(severity, trans)])}
          onChange={value => onQuery({ ...query, least: value as Severity })}
        />
      </div>
    </div>
  );
}

interface IChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: IChoiceProps): JSX.Element {
  return (
    <label className="jg-Choice">
      {label}
      <select value={value} onChange={event => onChange(event.target.value)}>
        {options.map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
