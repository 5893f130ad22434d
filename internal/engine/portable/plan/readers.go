package plan

// noteReaders lists the top-level steps that read each slot, by their places, and
// marks those that make an output.
func (pl *Plan) noteReaders() {
	outputs := map[int32]bool{}
	for _, s := range pl.Outputs {
		outputs[s] = true
	}
	pl.MakesOutput = make([]bool, len(pl.Body.Steps))
	pl.Readers = make([][]int32, len(pl.Slots))
	for k, st := range pl.Body.Steps {
		for _, s := range st.Out {
			pl.MakesOutput[k] = pl.MakesOutput[k] || outputs[s]
		}
		for j, s := range st.In {
			if s >= 0 && pl.Slots[s].Const == nil && (j > 0 || len(st.List) == 0) {
				pl.Readers[s] = append(pl.Readers[s], int32(k))
			}
		}
		for _, s := range st.List {
			if pl.Slots[s].Const == nil {
				pl.Readers[s] = append(pl.Readers[s], int32(k))
			}
		}
	}
}
