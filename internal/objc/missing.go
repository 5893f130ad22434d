//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"slices"
	"strings"

	"github.com/ebitengine/purego"
)

// Missing compares the table with the running system: every class, method and
// type encoding, every function and constant. It returns what the system lacks or
// declares otherwise, sorted by name; nothing is sent to any object. Entries that
// are newer than a system of known version are marked as expected. Before Load
// succeeded it returns nil.
func Missing() []Gap {
	rt := current.Load()
	if rt == nil {
		return nil
	}
	var gaps []Gap
	absent := make(map[*ClassRef]bool)
	for _, m := range registry.methods {
		if !m.class.Available() {
			if !absent[m.class] {
				absent[m.class] = true
				gaps = append(gaps, Gap{Name: m.class.name, MinMacOS: m.class.min, Problem: ClassAbsent})
			}
			continue
		}
		if g, ok := m.gap(rt); ok {
			gaps = append(gaps, g)
		}
	}
	for _, f := range registry.functions {
		if !f.Available() {
			gaps = append(gaps, Gap{Name: f.name, MinMacOS: f.min, Problem: FunctionAbsent})
		}
	}
	for _, s := range registry.symbols {
		if rt.find(s.name) == 0 {
			gaps = append(gaps, Gap{Name: s.name, Problem: SymbolAbsent})
		}
	}
	os := OSVersion()
	for i := range gaps {
		g := &gaps[i]
		g.Expected = !os.IsZero() && os.Compare(g.MinMacOS) < 0
	}
	slices.SortFunc(gaps, func(a, b Gap) int { return strings.Compare(a.Name, b.Name) })
	return gaps
}

// gap compares one method with the runtime's own record of it.
func (m *Method) gap(rt *runtimeLib) (Gap, bool) {
	g := Gap{Name: m.String(), MinMacOS: m.min}
	record := m.find(rt)
	if record == 0 {
		g.Problem = MethodAbsent
		return g, true
	}
	text, _, _ := purego.SyscallN(rt.typeEncoding, record)
	got := cString(text)
	if sameTypes(m.encoding, got, dialect) {
		return Gap{}, false
	}
	g.Problem, g.Want, g.Got = EncodingDiffers, m.encoding, got
	return g, true
}
