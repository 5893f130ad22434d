package grammar

import "github.com/gocoreml/coreml/generate/grammar/internal/rules"

// headMask is what the tokens mean to a part of a state that is there alone, see
// [rules.State.Wide]: most tokens that it takes lie in it as a whole.
type headMask struct {
	narrow bool
	inside []uint64 // the tokens that lie in it as a whole, as bits
	// across are those that it may end in: what follows it decides on the rest of them.
	across tree
}

// narrowest is how many tokens a part has to take to be worth a mask of its own.
const narrowest = 1000

// newHeadMask walks all tokens through a part.
func newHeadMask(t *tokens, head rules.State) *headMask {
	m := &headMask{inside: make([]uint64, (len(t.text)+63)/64)}
	count := 0
	t.tree.walk(head, func(ids []int32) {
		for _, id := range ids {
			m.inside[id/64] |= 1 << (id % 64)
		}
		count += len(ids)
	})
	if count < narrowest {
		return &headMask{narrow: true}
	}
	across := make([]bool, len(t.text))
	t.across(head, func(ids []int32) {
		for _, id := range ids {
			across[id] = m.inside[id/64]>>(id%64)&1 == 0
		}
	})
	m.across = t.among(func(id int32) bool { return across[id] })
	return m
}

// across calls found with tokens in which a part may end before they do: all below the
// nodes where it can.
func (t *tokens) across(head rules.State, found func(ids []int32)) {
	r := &t.tree
	states := []rules.State{head}
	for n := 0; n < len(r.char); {
		d := r.depth[n]
		next := states[d-1].Step(r.char[n])
		switch {
		case next.Dead():
			n = int(r.next[n])
			continue
		case next.CanEnd():
			found(r.ids[r.first[n+1]:r.first[r.next[n]]])
			n = int(r.next[n])
			continue
		}
		states = append(states[:d], next)
		n++
	}
}
