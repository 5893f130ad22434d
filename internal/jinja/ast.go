package jinja

// expr is a node that has a value.
type expr interface {
	eval(in *interp) (Value, error)
	where() pos
}

// stmt is a node that writes output or changes variables.
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

func (p pos) where() pos { return p }

// The expressions.
type (
	constant struct {
		pos
		value Value
	}
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
	condExpr struct {
		pos
		test, then, otherwise expr // otherwise may be nil
	}
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
	concatExpr struct {
		pos
		parts []expr
	}
	compareExpr struct {
		pos
		left expr
		ops  []comparison
	}
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
	textStmt struct{ text string }
	outStmt  struct {
		pos
		value expr
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
	}
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
	scopeStmt struct{ body []stmt }
	loopStmt  struct {
		pos
		signal signal
	}
)
