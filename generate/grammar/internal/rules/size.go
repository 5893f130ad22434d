package rules

// Size returns how many rules a program has, and how many different expressions they and
// the start are made of.
func (p *Program) Size() (rules, expressions int) {
	seen := map[int]bool{}
	reach(p.first, p.bodies, func(n *node) {
		expressions++
		if n.kind == kindRule {
			seen[n.low] = true
		}
	})
	return len(seen), expressions
}

// Memory returns about how many bytes a program takes, with the cache of its states.
func (p *Program) Memory() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.t.memory
}
