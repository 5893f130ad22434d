package plan

// number gives every step its index and its position. A nested step lies
// between its parent's position and the next one's.
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
