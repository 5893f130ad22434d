package jinja_test

// globalCases say of global functions.
var globalCases = []namedCase{
	{
		of: "global cycler", name: "goes round",
		template: "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
		want:     "abab",
	},
	{
		of: "global cycler", name: "starts again",
		template: "{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.reset() }}{{ c.next() }}",
		want:     "1None1",
	},
	{
		of: "global cycler", name: "refuses nothing",
		template: "{{ cycler() }}",
		fails:    "RuntimeError",
		says:     "at least one item has to be provided",
	},
	{
		of: "global self", name: "has nothing but blocks",
		template: "[{{ self.DEFAULT }}]{{ self is defined }} {{ self['a'] is defined }}",
		want:     "[]True False",
	},
	{
		of: "global self", name: "is no function",
		template: "{{ self() }}",
		fails:    "TypeError",
		says:     "'TemplateReference' object is not callable",
	},
	{
		of: "global joiner", name: "gives nothing at first",
		template: "{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b{{ j() }}c",
		want:     "a; b; c",
	},
	{
		of: "global dict", name: "takes pairs and names",
		template: "{{ dict([('a', 1)], b=2) }} {{ dict() }}",
		want:     "{'a': 1, 'b': 2} {}",
	},
	{
		of: "global dict", name: "refuses what has no pairs",
		template: "{{ dict([1]) }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
		differs:  "the words are this package's own",
	},
	{
		of: "global namespace", name: "takes a mapping and names",
		template: "{% set n = namespace({'a': 1}, b=2) %}{{ n.a }}{{ n.b }}",
		want:     "12",
	},
	{
		of: "global namespace", name: "is undefined where nothing is set",
		template: "{% set n = namespace() %}[{{ n.x }}]",
		want:     "[]",
	},
	{
		of: "global range", name: "counts up and down",
		template: "{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(5, 0, -2)|list }} {{ range(0)|list }}",
		want:     "[0, 1, 2] [1, 2, 3] [5, 3, 1] []",
	},
	{
		of: "global range", name: "refuses a step of zero",
		template: "{{ range(1, 2, 0) }}",
		fails:    "ValueError",
		says:     "range() arg 3 must not be zero",
	},
	{
		of: "global range", name: "refuses a text",
		template: "{{ range('a') }}",
		fails:    "TypeError",
		says:     "'str' object cannot be interpreted as an integer",
	},
	{
		of: "global range", name: "refuses more than 100000 items",
		template: "{{ range(100001) }}",
		fails:    "OverflowError",
		says:     "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).",
	},
	{
		of: "global range", name: "is written as repr does",
		template: "{{ range(3) }} {{ range(1, 9, 2) }}",
		want:     "range(0, 3) range(1, 9, 2)",
	},
	{
		of: "global raise_exception", name: "ends the rendering with its words",
		template: "{{ raise_exception('Only user and assistant roles are supported!') }}",
		fails:    "TemplateError",
		says:     "Only user and assistant roles are supported!",
	},
	{
		of: "global raise_exception", name: "needs a message",
		template: "{{ raise_exception() }}",
		fails:    "TypeError",
		says:     "raise_exception() missing required argument 'message'",
		differs:  "the words are this package's own",
	},
	{
		of: "global strftime_now", name: "writes parts of the date",
		template: "{{ strftime_now('%Y-%m-%d %H:%M:%S %j %U %%') }}",
		want:     "2025-07-10 12:00:00 191 27 %",
	},
	{
		of: "global strftime_now", name: "writes names",
		template: "{{ strftime_now('%a %A %b %B %p') }}",
		want:     "Thu Thursday Jul July PM",
	},
	{
		of: "global lipsum", name: "is not asked for by chat templates",
		template: "{{ lipsum is defined }}",
		want:     "True",
	},
}
