package jinja

// expr is a node that has a value. Nodes do not change once they are parsed, so that
// one template can be rendered by several goroutines; what a rendering knows is in
// its interp.
type expr interface {
	eval(in *interp) (Value, error)
	where() pos
}

// stmt is a node that writes output or changes variables. The signal goes up to the
// loop that a break or continue is for.
type stmt interface {
	exec(in *interp) (signal, error)
}

// signal says how a statement ended.
type signal uint8

const (
	normal signal = iota
	breakLoop
	continueLoop
)

// where makes every node that embeds a pos an expression with a place.
func (p pos) where() pos { return p }

// The expressions.
type (
	constant struct {
		pos
		value Value
	}
	// A name is looked up when it is evaluated, since what is around a macro may be
	// set after its definition.
	name struct {
		pos
		name string
	}
	listExpr struct {
		pos
		items []expr
		tuple bool
	}
	dictExpr struct {
		pos
		keys, values []expr
	}
	// Without an else the value is undefined when the condition fails, which prints
	// nothing: a common way to write an optional part.
	condExpr struct {
		pos
		test, then, otherwise expr // otherwise may be nil
	}
	// and and or give one of their operands, not a boolean, and do not evaluate the
	// right one when the left one decides.
	logicExpr struct {
		pos
		and         bool
		left, right expr
	}
	notExpr struct {
		pos
		operand expr
	}
	unaryExpr struct {
		pos
		op      string
		operand expr
	}
	binaryExpr struct {
		pos
		op          string
		left, right expr
	}
	// a ~ b ~ c is one node, so that the text is put together once and not for each
	// operator.
	concatExpr struct {
		pos
		parts    []expr
		escaping escaping
	}
	// a < b < c compares b twice and evaluates it once, as in Python.
	compareExpr struct {
		pos
		left expr
		ops  []comparison
	}
	// a.b and a['b'] are two nodes because they look in two places in opposite
	// order: see getAttr and getItem.
	attrExpr struct {
		pos
		object expr
		name   string
	}
	itemExpr struct {
		pos
		object, key expr
	}
	sliceExpr struct {
		pos
		start, stop, step expr // each may be nil
	}
	callExpr struct {
		pos
		fn   expr
		args callArgs
	}
	// The filter is looked up by name each time it runs. One that does not exist is
	// an error of the parser, unless a condition decides whether it is reached.
	filterExpr struct {
		pos
		object expr // nil in a filter block
		name   string
		args   callArgs
	}
	testExpr struct {
		pos
		object expr
		name   string
		args   callArgs
	}
)

// comparison is one link of a chain of comparisons.
type comparison struct {
	op    string
	right expr
}

// callArgs are the arguments of a call as they are written.
type callArgs struct {
	positional []expr
	names      []string
	named      []expr
	dynamic    expr // *args, may be nil
	dynNamed   expr // **kwargs, may be nil
}

// target is what a set or a for assigns to: a name, an attribute of a
// namespace, or several targets.
type target struct {
	pos
	name  string
	attr  string
	parts []target
}

// The statements.
type (
	// Text outside of tags, with white space removed already as the tags around ask.
	textStmt struct{ text string }
	outStmt  struct {
		pos
		value    expr
		escaping escaping
	}
	ifStmt struct {
		tests  []expr // as long as bodies, or shorter by one for an else
		bodies [][]stmt
	}
	forStmt struct {
		pos
		target    target
		items     expr
		filter    expr // may be nil
		recursive bool
		body      []stmt
		otherwise []stmt
	}
	// Without a value it is the form {% set x %}…{% endset %}, which takes what its
	// body writes.
	setStmt struct {
		pos
		target target
		value  expr // nil for a block
		filter expr // may be nil
		body   []stmt
	}
	macroStmt struct {
		pos
		name     string
		params   []string
		defaults []expr // for the last parameters
		body     []stmt
		// varargs and kwargs say that the body uses those names, so that
		// the macro takes further arguments.
		varargs, kwargs, caller bool
		anonymous               bool // the body of a call block
	}
	// {% call m() %}…{% endcall %}: the body is a macro of its own, which the called
	// one knows as caller.
	callStmt struct {
		pos
		call  *callExpr
		macro *macroStmt
	}
	filterStmt struct {
		pos
		filter expr
		body   []stmt
	}
	withStmt struct {
		pos
		targets []target
		values  []expr
		body    []stmt
	}
	// A block of its own that is nothing else here: generation and block.
	scopeStmt struct{ body []stmt }
	loopStmt  struct {
		pos
		signal signal
	}
	// include, import and extends: they fail when they run, since there is nothing to
	// load from.
	loadStmt struct {
		pos
		name expr
		// several says that there may be a list of names, as in an include, and
		// missing that no name is needed.
		several, missing bool
	}
)
