// The theme that was chosen, set before the first paint: a script of its own, since
// modules run after it.
'use strict';
try {
  const chosen = localStorage.getItem('coreml.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage that is not allowed: as the system has it.
}
