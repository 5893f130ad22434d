// Package jinja renders chat templates: the part of the Jinja template
// language, with Python's values behind it, that the templates beside models
// are written in.
//
// Templates come from the network with the model, so a rendering is bounded in
// steps, in memory and in depth, and nothing that a template says panics or
// hangs. Values are those of Python where a template can see them: mappings
// keep their order, floats print as repr prints them, what does not exist is
// undefined and fails where Python would.
//
// # How work is counted
//
// Steps are nodes that are evaluated, and also the bytes of text and the items
// of lists that anything touches; see meter.go for the prices. Three places see
// to it that nothing is left out. The tables of filters, tests, methods and
// globals charge each function for what it is handed before it runs, unless it
// is listed as one that pays for itself. Work that may be long goes through the
// functions of text.go, search.go, builder.go and sort.go, which take a text or a
// list in pieces and pay for each piece: the limits and the context are obeyed
// between two pieces, so that no single operation outlasts either. And
// meter_test.go walks all tables and asks that costs grow with what is given.
//
// Whatever ends a rendering early stays its error, even if an operation on the
// way makes something else of it.
//
// # How a template becomes text
//
// [Parse] cuts the source into tokens (lexer.go, lexer_inside.go,
// literal.go), which decides all questions of white space, and builds a tree of them
// (parser_base.go, parser_expr.go, parser_primary.go and parser_call.go for
// expressions, parser.go and parser_stmt.go for statements; the nodes are in ast.go). [Template.Render] walks the tree:
// statements are executed (exec.go, loop.go, assign.go, load.go), expressions are evaluated
// (eval.go, slice.go, attr.go, ops.go, compare.go), calls and macros are in call.go.
// The functions that a template can call lie in four tables: filters (filters.go has
// the table; filters_text.go, filters_html.go, filters_number.go, filters_seq.go,
// filters_pick.go and filters_sort.go the functions), tests (tests.go), methods of
// text, lists and mappings (textmethods.go, textmethods_edit.go, textsplit.go,
// percent.go, braces.go with fieldspec.go and fieldformat.go, attr.go) and globals
// (globals.go). Escaping is in markup.go and autoescape.go. Cases and numbers of Unicode are in textcase.go, numerals.go and
// unicode_gen.go. What
// a value looks like is in format.go for Python and in tojson.go for JSON.
//
// To add a function, write it beside its like, enter it in its table, and give it
// cases in cases_*_test.go: a test fails for one that has none. If it goes over a
// text or a list that may be long, let it use the functions of text.go and its
// neighbours; meter_test.go finds out if it does not pay.
//
// # What differs from Python
//
// Whole numbers are computed with in 64 bits, and a result that does not fit is an
// error; longer ones from outside, or read from text, are kept and written exactly.
// Text is UTF-8, and a byte that is none counts as one character, the replacement
// character. There are no bytes, sets, complex numbers or classes, and nothing in a
// template can change a value but a namespace. The words of errors are those of
// CPython where templates or servers were seen to depend on them, and close to
// them elsewhere.
//
// Some of what Python has is not here, because no published template was seen to
// use it:
//
//   - the filters pprint, urlize, wordwrap, filesizeformat and random are not there;
//   - swapcase makes σ of a Greek sigma at the end of a word, not ς;
//   - widths and precisions of formats are bounded, and the type n knows the C locale
//     only;
//   - lipsum is defined and cannot be called, since it makes random text;
//   - batch refuses a number below one;
//   - a constant slice that Python refuses is undefined only where it is made of
//     literals, and not of operators or filters on them, which jinja2 works out too,
//     and is so outside of {{ }}, where jinja2 fails;
//   - a namespace that holds itself cannot be written;
//   - arguments of the wrong type are refused in the order of the parameters, where
//     Python may come upon another mistake first, or use none of them;
//   - an object without a form of its own, such as a generator, is written without its
//     place in memory, so that filters which look into that text see less of it;
//   - the method encode fails, since there are no bytes.
//
// Where a case in cases_*_test.go has another answer than jinja2, or the same error in
// other words, its field differs says so. What is known of characters is of the
// version of Unicode that Go has, and of version 14 in unicode_gen.go.
//
// Statements that load another template fail where they are reached, since there is
// nothing to load from.
//
// # What surprises in Jinja
//
// A set inside of a loop, a macro or a with is forgotten at its end; one inside of
// an if is not. What is undefined can be asked for and written, one level deep, and
// fails in everything else. a.b looks for an attribute first and a['b'] for a key.
// Filters bind tighter than all operators, and powers group to the left. A filter
// that makes a list of a list is lazy and can be read once. else of a loop is for
// loops in which no round came to its end, not for those without a break as in
// Python. All of these are kept: a template that was written with them in mind must
// give the prompt that its model was trained on.
//
// # The environment
//
// It is that of the reference implementation for chat templates:
// trim_blocks and lstrip_blocks are on, there are break and continue,
// generation blocks, the functions raise_exception and strftime_now and a
// tojson that writes plain JSON. There is no loader, and text is escaped in autoescape
// blocks only. What is marked as safe (markup.go) is told from other text everywhere, as
// markupsafe does.
package jinja
