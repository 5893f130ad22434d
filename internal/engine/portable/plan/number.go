package plan

// number gives every step its index and its position. The index names a step in
// listings and finds what it keeps between predictions: a parent comes before what it
// nests, as a reader expects. The position orders lifetimes: a parent comes after what
// it nests, as its results are there only then.
func (pl *planner) number() {
	pos := 0
	var walk func(b *Body)
	walk = func(b *Body) {
		for _, st := range b.Steps {
			st.Index = pl.p.Steps
			pl.p.Steps++
			for _, inner := range st.Blocks {
				walk(inner)
			}
			pos++
			st.pos = pos
		}
	}
	walk(&pl.p.Body)
}
