/** The shield, and a shape per severity, so that colour is never the only difference. */

import { LabIcon } from '@jupyterlab/ui-components';

import { Severity } from './protocol';

function svg(body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">${body}</svg>`;
}

export const shieldIcon = new LabIcon({
  name: 'jupyter-guard:shield',
  svgstr: svg(
    '<path class="jp-icon3" fill="#616161" d="M12 1 3 4.500v6.700c0 5.600 3.800 10.300 9 11.800 5.200-1.500 9-6.200 9-11.800V4.500z' +
      'm-1.300 15-4.200-4.200 1.500-1.500 2.700 2.700 5.500-6 1.600 1.400z"/>'
  )
});

const stopIcon = new LabIcon({
  name: 'jupyter-guard:stop',
  svgstr: svg(
    '<path fill="currentColor" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/>' +
      '<path fill="none" stroke="var(--jp-layout-color1)" stroke-width="2.400" stroke-linecap="round" d="m8.500 8.500 7 7m0-7-7 7"/>'
  )
});

const warningIcon = new LabIcon({
  name: 'jupyter-guard:warning',
  svgstr: svg(
    '<path fill="currentColor" d="M12 2 1 21.500h22z"/>' +
      '<path fill="none" stroke="var(--jp-layout-color1)" stroke-width="2.400" stroke-linecap="round" d="M12 9.500v5m0 3.200v.3"/>'
  )
});

const noteIcon = new LabIcon({
  name: 'jupyter-guard:note',
  svgstr: svg(
    '<circle cx="12" cy="12" r="10" fill="currentColor"/>' +
      '<path fill="none" stroke="var(--jp-layout-color1)" stroke-width="2.400" stroke-linecap="round" d="M12 11v6m0-10v.2"/>'
  )
});

export function severityIcon(severity: Severity): LabIcon {
  switch (severity) {
    case 'critical':
    case 'high':
      return stopIcon;
    case 'medium':
      return warningIcon;
    default:
      return noteIcon;
  }
}
