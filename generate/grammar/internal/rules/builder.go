package rules

import "slices"

// Builder makes the expressions of one program. It is used by one goroutine. A limit
// that is passed is the error of [Builder.Err] and [Builder.Build]; what is made from
// then on is nothing.
type Builder struct {
	t      *table
	names  []string
	index  map[string]int
	bodies []*node // nil: not defined
}

// Expr is an expression of a [Builder]. Two of one builder that are made alike are
// equal. The zero one is [Builder.Nothing].
type Expr struct{ n *node }

// NewBuilder returns a builder that has made nothing.
func NewBuilder(limits Limits) *Builder {
	return &Builder{t: newTable(limits.defaults()), index: map[string]int{}}
}

// Err returns the first thing that went wrong.
func (b *Builder) Err() error { return b.t.err }

// node returns what an expression stands for.
func (b *Builder) node(e Expr) *node {
	if e.n == nil {
		return b.t.nothing
	}
	return e.n
}

// nodes is node for a list.
func (b *Builder) nodes(list []Expr) []*node {
	out := make([]*node, len(list))
	for k, e := range list {
		out[k] = b.node(e)
	}
	return out
}

// Bytes returns the text s.
func (b *Builder) Bytes(s string) Expr {
	n := b.t.empty
	for k := len(s) - 1; k >= 0; k-- {
		n = b.t.concat(b.t.byte(s[k]), n)
	}
	return Expr{n}
}

// Class returns one character that lies in one of ranges, which may overlap.
func (b *Builder) Class(ranges ...Range) Expr { return Expr{b.t.class(ranges)} }

// AnyChar returns one character, a line's end too.
func (b *Builder) AnyChar() Expr { return b.Class(Range{0, maxRune}) }

// Empty returns the empty text.
func (b *Builder) Empty() Expr { return Expr{b.t.empty} }

// Nothing returns what no text fits.
func (b *Builder) Nothing() Expr { return Expr{b.t.nothing} }

// Concat returns the expressions one after the other; without any the empty text.
func (b *Builder) Concat(list ...Expr) Expr {
	n := b.t.empty
	for _, e := range slices.Backward(list) {
		n = b.t.concat(b.node(e), n)
	}
	return Expr{n}
}

// Or returns any of the expressions; without any nothing.
func (b *Builder) Or(list ...Expr) Expr { return Expr{b.t.or(b.nodes(list)...)} }

// Repeat returns e from low to high times. A negative high is no bound; a low above
// high gives nothing.
func (b *Builder) Repeat(e Expr, low, high int) Expr {
	if low > maxCount || high > maxCount {
		return Expr{b.t.fail(&LimitError{What: "repetitions", Limit: maxCount})}
	}
	if high < 0 {
		high = unbounded
	} else if low > high {
		return b.Nothing()
	}
	return Expr{b.t.repeat(b.node(e), max(low, 0), high)}
}

// And returns what fits all of the expressions, which have to be regular; without any
// it is every well-formed text.
func (b *Builder) And(list ...Expr) Expr {
	nodes := append(b.nodes(list), b.t.text)
	if !b.regular(nodes) {
		return b.Nothing()
	}
	return Expr{b.t.and(nodes...)}
}

// Not returns every well-formed text that does not fit e, which has to be regular.
func (b *Builder) Not(e Expr) Expr {
	n := b.node(e)
	if !b.regular([]*node{n}) {
		return b.Nothing()
	}
	return Expr{b.t.and(b.t.text, b.t.not(n))}
}

// regular keeps an error if there is a rule in nodes.
func (b *Builder) regular(nodes []*node) bool {
	for _, n := range nodes {
		if n.rules {
			b.t.fail(&RuleError{Rule: b.names[anyRule(n)], Problem: "stands in an intersection or a complement, which take regular expressions only"})
			return false
		}
	}
	return true
}

// anyRule returns the index of a rule in n, which has one.
func anyRule(n *node) int {
	for n.kind != kindRule {
		n = n.kids[slices.IndexFunc(n.kids, func(k *node) bool { return k.rules })]
	}
	return n.low
}

// IsRegular reports whether e has no reference to a rule.
func (b *Builder) IsRegular(e Expr) bool { return !b.node(e).rules }

// Rule returns a reference to a rule, which may be defined later.
func (b *Builder) Rule(name string) Expr {
	return Expr{b.t.intern(node{kind: kindRule, rules: true, utf8: false, low: b.rule(name)})}
}

// rule returns the index of a rule.
func (b *Builder) rule(name string) int {
	k, ok := b.index[name]
	if !ok {
		k = len(b.names)
		b.index[name] = k
		b.names = append(b.names, name)
		b.bodies = append(b.bodies, nil)
	}
	return k
}

// Define says what a rule stands for. A second definition is an error.
func (b *Builder) Define(name string, e Expr) {
	k := b.rule(name)
	if b.bodies[k] != nil {
		b.t.fail(&RuleError{Rule: name, Problem: "is defined twice"})
		return
	}
	b.bodies[k] = b.node(e)
}

// IsNothing reports whether no text at all fits e, which has to be regular: with
// [Builder.And] whether two expressions are disjoint, with [Builder.Not] whether one
// contains the other. A search that takes too long is a [*LimitError].
func (b *Builder) IsNothing(e Expr) (bool, error) {
	n := b.node(e)
	if !b.regular([]*node{n}) || b.t.err != nil {
		return false, b.t.err
	}
	b.t.refresh()
	some := b.t.isLive(n)
	if b.t.err == nil && b.t.lost {
		b.t.fail(&LimitError{What: "states", Limit: b.t.limits.Search})
	}
	return !some, b.t.err
}

// Searched returns how many states all searches have looked at, which is most of what
// [Builder.IsNothing] costs.
func (b *Builder) Searched() int { return b.t.searched }

// Matches reports whether text as a whole fits e, which has to be regular.
func (b *Builder) Matches(e Expr, text string) bool {
	n := b.node(e)
	if !b.regular([]*node{n}) {
		return false
	}
	b.t.refresh()
	for k := range len(text) {
		if n = b.t.derive(n, text[k]); n == b.t.nothing {
			return false
		}
	}
	return n.nullable
}
