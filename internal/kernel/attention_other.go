//go:build noasm || !amd64

package kernel

// Where there are no kernels of attention's own, keys and values are widened.

func (w *attnWork) formOfKeys(rows, _ int) attnForm { return wideForm(rows) }
func (w *attnWork) formOfValues(rows int) attnForm  { return wideForm(rows) }

func (w *attnWork) turn(_, _ int)                            {}
func (w *attnWork) directScores(_, _ []float32, _, _, _ int) {}
func (w *attnWork) panelScores(_, _ []float32, _, _, _ int)  {}
func (w *attnWork) directSums(_, _ []float32, _, _, _ int)   {}
func (w *attnWork) weighDirectly(_ attnRows, _ []float32, _, _ int, _, _ []float32) bool {
	return false
}
