import * as React from 'react';

import { proseParts } from '../dom';

/** Prose in which `back-ticked` names are code. */
export function Prose(props: { readonly text: string }): JSX.Element {
  return (
    <>
      {proseParts(props.text).map((part, index) =>
        part.code ? <code key={index}>{part.text}</code> : <React.Fragment key={index}>{part.text}</React.Fragment>
      )}
    </>
  );
}
