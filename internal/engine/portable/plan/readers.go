package plan

import "slices"

// noteReaders lists the top-level steps that read each slot, by their places, and
// marks those that make an output. The engine's rehearsal of shapes walks these lists
// when an input changes: without them a step of generation would cost a walk over all
// steps. What nested blocks read is not listed: a step that has blocks is rehearsed
// each time.
func (p *Plan) noteReaders() {
	outputs := map[int32]bool{}
	for _, s := range p.Outputs {
		outputs[s] = true
	}
	p.MakesOutput = make([]bool, len(p.Body.Steps))
	p.FirstWrite = slices.IndexFunc(p.Body.Steps, mayWrite)
	p.Maker = slices.Repeat([]int32{-1}, len(p.Slots))
	p.Readers = make([][]int32, len(p.Slots))
	for k, st := range p.Body.Steps {
		for _, s := range st.Out {
			p.MakesOutput[k] = p.MakesOutput[k] || outputs[s]
			p.Maker[s] = int32(k)
		}
		for j, s := range st.In {
			if s >= 0 && p.Slots[s].Const == nil && (j > 0 || len(st.List) == 0) {
				p.Readers[s] = append(p.Readers[s], int32(k))
			}
		}
		for _, s := range st.List {
			if p.Slots[s].Const == nil {
				p.Readers[s] = append(p.Readers[s], int32(k))
			}
		}
	}
}

// mayWrite reports whether a step can change a state.
func mayWrite(st *Step) bool {
	return st.InPlace || st.Blocks != nil || st.State >= 0 && len(st.Out) == 0
}
