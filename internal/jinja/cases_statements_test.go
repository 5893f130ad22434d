package jinja_test

// statementCases says what the global functions, statements and the loop variable
// do.
var statementCases = []namedCase{
	{
		of: "global range", name: "counts up to its end",
		template: "{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(0, 10, 4)|list }}",
		want:     "[0, 1, 2] [1, 2, 3] [0, 4, 8]",
	},
	{
		of: "global range", name: "counts down",
		template: "{{ range(3, 0, -1)|list }} {{ range(0, 3, -1)|list }}",
		want:     "[3, 2, 1] []",
	},
	{
		of: "global range", name: "is short when it is written",
		template: "{{ range(3) }} {{ range(1, 9, 2) }}",
		want:     "range(0, 3) range(1, 9, 2)",
	},
	{
		of: "global range", name: "is no longer than the sandbox allows",
		template: "{{ range(100001) }}",
		fails:    "OverflowError",
		says:     "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).",
	},
	{
		of: "global range", name: "fails for a step of zero",
		template: "{{ range(1, 2, 0) }}",
		fails:    "ValueError",
		says:     "range() arg 3 must not be zero",
	},
	{
		of: "global namespace", name: "holds variables that inner blocks can set",
		template: "{% set ns = namespace(n=0) %}{% for i in [1,2,3] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
		want:     "6",
	},
	{
		of: "global namespace", name: "takes a mapping",
		template: "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}",
		want:     "12",
	},
	{
		of: "global namespace", name: "has nothing under a name that was not set",
		template: "{% set ns = namespace() %}[{{ ns.x }}] {{ ns.x is defined }}",
		want:     "[] False",
	},
	{
		of: "global dict", name: "makes a mapping of names",
		template: "{{ dict(a=1, b=2) }}",
		want:     "{'a': 1, 'b': 2}",
	},
	{
		of: "global dict", name: "makes one of pairs, and of another one",
		template: "{{ dict([('a', 1)]) }} {{ dict({'a': 1}, b=2) }}",
		want:     "{'a': 1} {'a': 1, 'b': 2}",
	},
	{
		of: "global raise_exception", name: "ends the rendering with its message",
		template: "{{ raise_exception('roles must alternate') }}",
		fails:    "TemplateError",
		says:     "roles must alternate",
	},
	{
		of: "global strftime_now", name: "writes the day",
		template: "{{ strftime_now('%d %b %Y') }} {{ strftime_now('%Y-%m-%d') }}",
		want:     "10 Jul 2025 2025-07-10",
	},
	{
		of: "global strftime_now", name: "writes the time",
		template: "{{ strftime_now('%H:%M:%S %p %I') }}",
		want:     "12:00:00 PM 12",
	},
	{
		of: "global strftime_now", name: "writes names of days and months",
		template: "{{ strftime_now('%A %a %B') }}",
		want:     "Thursday Thu July",
	},
	{
		of: "global strftime_now", name: "writes other directives",
		template: "{{ strftime_now('%y %j %U %w %% %-d') }}",
		want:     "25 191 27 4 % 10",
	},
	{
		of: "global joiner", name: "writes nothing at first and its text after that",
		template: "{% set sep = joiner('|') %}{% for i in [1,2,3] %}{{ sep() }}{{ i }}{% endfor %}",
		want:     "1|2|3",
	},
	{
		of: "global cycler", name: "gives its items in turn",
		template: "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
		want:     "abab",
	},
	{
		of: "global cycler", name: "begins again",
		template: "{% set c = cycler('a', 'b') %}{{ c.next() }}{% set _ = c.reset() %}{{ c.next() }}",
		want:     "aa",
	},
	{
		of: "statement if", name: "takes the first branch that holds",
		template: "{% if false %}a{% elif 1 %}b{% else %}c{% endif %}",
		want:     "b",
	},
	{
		of: "statement if", name: "takes else when none holds",
		template: "{% if 0 %}a{% elif '' %}b{% else %}c{% endif %}",
		want:     "c",
	},
	{
		of: "statement if", name: "writes nothing without else",
		template: "[{% if none %}a{% endif %}]",
		want:     "[]",
	},
	{
		of: "statement if", name: "counts what is undefined as false",
		template: "{% if nothing %}a{% else %}b{% endif %}",
		want:     "b",
	},
	{
		of: "statement if", name: "keeps variables that it sets",
		template: "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
		want:     "1",
	},
	{
		of: "statement for", name: "goes over a list",
		template: "{% for x in [1,2,3] %}{{ x }},{% endfor %}",
		want:     "1,2,3,",
	},
	{
		of: "statement for", name: "goes over the keys of a mapping",
		template: "{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}",
		want:     "ab",
	},
	{
		of: "statement for", name: "goes over characters",
		template: "{% for c in 'äb' %}{{ c }}.{% endfor %}",
		want:     "ä.b.",
	},
	{
		of: "statement for", name: "takes items apart",
		template: "{% for a, b in [(1,2),(3,4)] %}{{ a }}{{ b }} {% endfor %}",
		want:     "12 34 ",
	},
	{
		of: "statement for", name: "takes nested items apart",
		template: "{% for a, (b, c) in [(1,(2,3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
		want:     "123",
	},
	{
		of: "statement for", name: "fails where the parts are too few",
		template: "{% for a, b in [[1]] %}{% endfor %}",
		fails:    "ValueError",
		says:     "not enough values to unpack (expected 2, got 1)",
	},
	{
		of: "statement for", name: "fails where the parts are too many",
		template: "{% for a, b in [[1,2,3]] %}{% endfor %}",
		fails:    "ValueError",
		says:     "too many values to unpack (expected 2)",
	},
	{
		of: "statement for", name: "passes over items that its condition rejects",
		template: "{% for x in [1,2,3,4] if x is even %}{{ loop.index }}:{{ x }} {% endfor %}",
		want:     "1:2 2:4 ",
	},
	{
		of: "statement for", name: "takes else when there was no item",
		template: "{% for x in [] %}a{% else %}none{% endfor %}",
		want:     "none",
	},
	{
		of: "statement for", name: "takes else when the condition rejects all",
		template: "{% for x in [1] if x > 1 %}a{% else %}none{% endfor %}",
		want:     "none",
	},
	{
		of: "statement for", name: "does not take else after a round",
		template: "{% for x in [1] %}a{% else %}none{% endfor %}",
		want:     "a",
	},
	{
		of: "statement for", name: "takes else when every round was cut short",
		template: "{% for x in [1,2] %}{{ x }}{% continue %}{% else %}none{% endfor %}",
		want:     "12none",
	},
	{
		of: "statement for", name: "goes over nothing that is undefined",
		template: "[{% for x in nothing %}a{% endfor %}]",
		want:     "[]",
	},
	{
		of: "statement for", name: "forgets variables that it sets",
		template: "{% set x = 0 %}{% for i in [1] %}{% set x = 1 %}{% endfor %}{{ x }}",
		want:     "0",
	},
	{
		of: "statement for", name: "refuses a number",
		template: "{% for x in 3 %}{% endfor %}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "statement for", name: "calls itself for inner lists",
		template: "{% for x in [1,[2,[3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}",
		want:     "1(2(3))",
	},
	{
		of: "statement break", name: "leaves the loop",
		template: "{% for i in range(5) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
		want:     "01",
	},
	{
		of: "statement break", name: "leaves the inner loop only",
		template: "{% for i in [1,2] %}{% for j in [1,2] %}{% break %}{% endfor %}{{ i }}{% endfor %}",
		want:     "12",
	},
	{
		of: "statement continue", name: "goes on with the next item",
		template: "{% for i in range(4) %}{% if i is odd %}{% continue %}{% endif %}{{ i }}{% endfor %}",
		want:     "02",
	},
	{
		of: "variable loop", name: "counts from one and from zero",
		template: "{% for x in 'ab' %}{{ loop.index }}{{ loop.index0 }} {% endfor %}",
		want:     "10 21 ",
	},
	{
		of: "variable loop", name: "counts what is left",
		template: "{% for x in 'abc' %}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}",
		want:     "32 21 10 ",
	},
	{
		of: "variable loop", name: "knows the first and the last round",
		template: "{% for x in 'abc' %}{{ loop.first }}-{{ loop.last }} {% endfor %}",
		want:     "True-False False-False False-True ",
	},
	{
		of: "variable loop", name: "knows how many rounds there are",
		template: "{% for x in 'abc' %}{{ loop.length }}{% endfor %}",
		want:     "333",
	},
	{
		of: "variable loop", name: "shows the items around",
		template: "{% for x in 'abc' %}[{{ loop.previtem }}{{ loop.nextitem }}]{% endfor %}",
		want:     "[b][ac][b]",
	},
	{
		of: "variable loop", name: "gives items in turn",
		template: "{% for x in 'abc' %}{{ loop.cycle('odd', 'even') }} {% endfor %}",
		want:     "odd even odd ",
	},
	{
		of: "variable loop", name: "says when a value changes",
		template: "{% for x in [1,1,2] %}{{ loop.changed(x) }} {% endfor %}",
		want:     "True False True ",
	},
	{
		of: "variable loop", name: "knows how deep it is in a recursion",
		template: "{% for x in [[[]]] recursive %}{{ loop.depth }}{{ loop.depth0 }}{{ loop(x) }}{% endfor %}",
		want:     "1021",
	},
	{
		of: "variable loop", name: "counts only what the condition lets through",
		template: "{% for x in [1,2,3] if x > 1 %}{{ loop.length }}{{ loop.last }} {% endfor %}",
		want:     "2False 2True ",
	},
	{
		of: "statement set", name: "gives a name a value",
		template: "{% set x = 1 + 1 %}{{ x }}",
		want:     "2",
	},
	{
		of: "statement set", name: "takes values apart",
		template: "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
		want:     "21",
	},
	{
		of: "statement set", name: "keeps what a block writes",
		template: "{% set x %}a{{ 1 }}{% endset %}[{{ x }}]",
		want:     "[a1]",
	},
	{
		of: "statement set", name: "sends a block through filters",
		template: "{% set x | upper | trim %} a {% endset %}[{{ x }}]",
		want:     "[A]",
	},
	{
		of: "statement set", name: "sets a member of a namespace only",
		template: "{% set d = {} %}{% set d.x = 1 %}",
		fails:    "TemplateRuntimeError",
		says:     "cannot assign attribute on non-namespace object",
	},
	{
		of: "statement macro", name: "is called with arguments",
		template: "{% macro m(a, b='y') %}{{ a }}{{ b }}{% endmacro %}{{ m('x') }} {{ m('x', 'z') }} {{ m(b=1, a=2) }}",
		want:     "xy xz 21",
	},
	{
		of: "statement macro", name: "lacks an argument that was not handed over",
		template: "{% macro m(a) %}[{{ a }}]{{ a is defined }}{% endmacro %}{{ m() }}",
		want:     "[]False",
	},
	{
		of: "statement macro", name: "takes further arguments when it names them",
		template: "{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
		want:     "(2,){'x': 3}",
	},
	{
		of: "statement macro", name: "refuses further arguments when it does not",
		template: "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
		fails:    "TypeError",
		says:     "macro 'm' takes not more than 1 argument(s)",
	},
	{
		of: "statement macro", name: "refuses a name that it does not know",
		template: "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
		fails:    "TypeError",
		says:     "macro 'm' takes no keyword argument 'b'",
	},
	{
		of: "statement macro", name: "knows its name",
		template: "{% macro m() %}{% endmacro %}{{ m.name }}",
		want:     "m",
	},
	{
		of: "statement macro", name: "can call itself",
		template: "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
		want:     "3210",
	},
	{
		of: "statement call", name: "hands a block to a macro",
		template: "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}x{% endcall %}",
		want:     "<x>",
	},
	{
		of: "statement call", name: "takes values from the macro",
		template: "{% macro m() %}{{ caller(1) }}{{ caller(2) }}{% endmacro %}{% call(n) m() %}n={{ n }};{% endcall %}",
		want:     "n=1;n=2;",
	},
	{
		of: "statement filter", name: "sends a block through filters",
		template: "{% filter upper|replace('A', 'b') %}aca{% endfilter %}",
		want:     "bCb",
	},
	{
		of: "statement with", name: "sets variables for a block",
		template: "{% set a = 1 %}{% with a = 2, b = 3 %}{{ a }}{{ b }}{% endwith %}{{ a }}",
		want:     "231",
	},
	{
		of: "statement generation", name: "marks text and changes nothing",
		template: "{% generation %}a{{ 1 }}{% endgeneration %}",
		want:     "a1",
	},
	{
		of: "statement block", name: "is its body where nothing inherits",
		template: "{% block x %}a{% endblock %}",
		want:     "a",
	},
	{
		of: "statement raw", name: "writes tags as they are",
		template: "{% raw %}{{ a }}{% if %}{% endraw %}",
		want:     "{{ a }}{% if %}",
	},
	{
		of: "statement raw", name: "removes white space at its edges when told to",
		template: "a {%- raw -%} b {%- endraw -%} c",
		want:     "abc",
	},
	{
		of: "text around tags", name: "loses the line break behind a block tag",
		template: "{% if true %}{{ '' }}",
		fails:    "TemplateSyntaxError",
		says:     "unexpected end of template, expected 'endif'",
		differs:  "the message is this package's own",
	},
	{
		of: "text around tags", name: "keeps the line break behind an expression",
		template: `{{ 1 }}{{ '\n' }}b`,
		want:     "1\nb",
	},
}
