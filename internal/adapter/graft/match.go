package graft

import (
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/internal/adapter"
	"github.com/gocoreml/coreml/internal/mil"
)

// piece is rows of a module's result, n of them, which are rows at … of a site's result.
type piece struct {
	site *site
	rows span
	n    int
	at   int
}

// index finds the sites of a module.
type index struct {
	sites  []*site
	whole  map[string][]*site // by name
	ends   map[string][]*site // by every end of the name that begins behind an underscore
	byRole map[role][]*site
	// looked are the weights that a lookup reads, and the tensors that they come from: a
	// head that shares one is tied. Convolutions have another shape of the same tensor.
	looked  map[*mil.Value]bool
	tensors map[string]bool
}

// newIndex sorts the sites of a function.
func newIndex(sites []*site) *index {
	ix := &index{
		sites: sites, whole: map[string][]*site{}, ends: map[string][]*site{}, byRole: map[role][]*site{},
		looked: map[*mil.Value]bool{}, tensors: map[string]bool{},
	}
	for _, s := range sites {
		if s.kind == lookup {
			ix.looked[s.weight] = true
			ix.tensors[s.module] = s.module != ""
		}
		if s.name == "" {
			continue
		}
		ix.whole[s.name] = append(ix.whole[s.name], s)
		for i := range len(s.name) {
			if s.name[i] == '_' {
				ix.ends[s.name[i+1:]] = append(ix.ends[s.name[i+1:]], s)
			}
		}
		if r, ok := roleOf(s.name); ok {
			ix.byRole[r] = append(ix.byRole[r], s)
		}
	}
	return ix
}

// find returns the sites that a module of that name may be, of the kind that is wanted:
// lookups or products. The first rule that finds any decides.
func (ix *index) find(module string, lookups bool) []*site {
	n := plain(module)
	if len(n) > maxName {
		return nil
	}
	of := func(list []*site) []*site {
		var out []*site
		for _, s := range list {
			if (s.kind == lookup) == lookups {
				out = append(out, s)
			}
		}
		return out
	}
	if found := of(ix.whole[n]); found != nil {
		return found
	}
	if found := of(ix.ends[n]); found != nil {
		return found
	}
	// The program's names may lack what the module's begin with, but not the layer.
	for i := range len(n) {
		if n[i] != '_' || strings.ContainsAny(n[:i], "0123456789") {
			continue
		}
		if rest := n[i+1:]; strings.Contains(rest, "_") {
			if found := of(ix.whole[rest]); found != nil {
				return found
			}
		}
	}
	r, ok := roleOf(n)
	if !ok {
		return nil
	}
	if found := of(ix.byRole[r]); found != nil {
		return found
	}
	if r.does == "head" && !lookups { // tied to the embedding
		var tied []*site
		for _, s := range of(ix.sites) {
			if ix.looked[s.weight] || ix.tensors[s.module] {
				tied = append(tied, s)
			}
		}
		return tied
	}
	return nil
}

// match returns where the result of a module is computed, or an error that says why that
// is not known.
func (ix *index) match(m *adapter.Module) ([]piece, error) {
	in, out, lookups := m.In, m.Out, m.Embedding
	if m.Weight != nil {
		out, in = m.Weight[0], m.Weight[1]
		// A tied head has the embedding's weight, and its name: what is looked up goes first.
		if lookups = len(ix.find(m.Name, true)) > 0; lookups {
			in, out = out, in
		}
	}
	found := ix.find(m.Name, lookups)
	if m.Weight == nil && m.Rank == 0 { // a bias alone
		out = m.Bias[0]
		if len(found) > 0 {
			in = found[0].in
		}
	}
	if len(found) == 0 {
		if pieces := ix.parts(m.Name, in, out); pieces != nil {
			return pieces, nil
		}
		if p := ix.within(m.Name, in, out); p != nil {
			return []piece{*p}, nil
		}
		return nil, fmt.Errorf("no operation goes by this name")
	}
	if pieces := together(found, in, out); pieces != nil {
		return pieces, nil
	}
	for _, s := range found {
		if s.in != in || s.out != out {
			return nil, fmt.Errorf("is of %d inputs and %d outputs, and %s, which goes by its name, of %d and %d", in, out, show(s.weight.Name), s.in, s.out)
		}
		if s.weight != found[0].weight {
			return nil, fmt.Errorf("both %s and %s go by this name", show(found[0].weight.Name), show(s.weight.Name))
		}
	}
	return entire(found), nil
}

// entire makes a piece of each of several uses of one weight.
func entire(found []*site) []piece {
	var out []piece
	for _, s := range found {
		out = append(out, piece{site: s, n: s.out})
	}
	return out
}

// together makes pieces of sites whose weights are the rows of one tensor: as the
// metadata says, or one behind the other in the order of the program.
func together(found []*site, in, out int) []piece {
	if len(found) < 2 && found[0].rows == nil {
		return nil
	}
	var pieces []piece
	next, covered := 0, 0
	for _, s := range found {
		p := piece{site: s, rows: span{from: next}, n: s.out}
		if s.rows != nil {
			p.rows = *s.rows
		}
		last := p.rows.at(p.n - 1)
		if s.in != in || last >= out || p.rows.every == 0 && p.rows.n != 0 && p.rows.n != p.n {
			return nil
		}
		next, covered = last+1, covered+p.n
		pieces = append(pieces, p)
	}
	if covered != out {
		return nil
	}
	return pieces
}

// parts finds the parts of a module that the program computes in parts: the rows of
// qkv_proj are those of q, k and v.
func (ix *index) parts(module string, in, out int) []piece {
	r, ok := roleOf(plain(module))
	if !ok {
		return nil
	}
	var names []string
	switch r.does {
	case "qkv":
		names = []string{"q", "k", "v"}
	case "gate_up":
		names = []string{"gate", "up"}
	}
	var found []*site
	for _, does := range names {
		sites := ix.byRole[role{r.layer, does}]
		if len(sites) != 1 {
			return nil
		}
		found = append(found, sites[0])
	}
	if len(found) == 0 {
		return nil
	}
	return together(found, in, out)
}

// within finds the rows of a larger product that are a module's result: those of q, k
// and v lie in this order in what is fused of them, k and v being alike.
func (ix *index) within(module string, in, out int) *piece {
	r, ok := roleOf(plain(module))
	if !ok {
		return nil
	}
	fused := map[string]string{"q": "qkv", "k": "qkv", "v": "qkv", "gate": "gate_up", "up": "gate_up"}[r.does]
	sites := ix.byRole[role{r.layer, fused}]
	if fused == "" || len(sites) != 1 {
		return nil
	}
	s := sites[0]
	at := -1
	switch r.does {
	case "q", "gate":
		at = 0
	case "k":
		at = s.out - 2*out
	case "v", "up":
		at = s.out - out
	}
	fits := s.in == in && at >= 0 && at+out <= s.out
	if fused == "gate_up" {
		fits = fits && 2*out == s.out
	}
	if !fits || r.does == "q" && out == s.out {
		return nil
	}
	return &piece{site: s, n: out, at: at}
}
