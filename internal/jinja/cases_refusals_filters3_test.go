package jinja_test

// lastFilterArguments say of the filters from safe on: their arguments, values
// of other types, and what they refuse.
var lastFilterArguments = []namedCase{
	{
		of: "filter safe", name: "leaves a text",
		template: "{{ '<a>'|safe }}",
		want:     "<a>",
	},
	{
		of: "filter select", name: "keeps what the test is true of",
		template: "{{ [1, 2, 3]|select('gt', 1)|list }}",
		want:     "[2, 3]",
	},
	{
		of: "filter select", name: "refuses a test that is not there",
		template: "{{ [1]|select('nosuch')|list }}",
		fails:    "TemplateRuntimeError",
		says:     "No test named 'nosuch'.",
	},
	{
		of: "filter selectattr", name: "tests an attribute that is not there",
		template: "{{ [{'a': 1}, {}]|selectattr('a', 'defined')|list }}",
		want:     "[{'a': 1}]",
	},
	{
		of: "filter selectattr", name: "compares with a value",
		template: "{{ [{'r': 'user'}, {'r': 'tool'}]|selectattr('r', 'equalto', 'user')|list }}",
		want:     "[{'r': 'user'}]",
	},
	{
		of: "filter selectattr", name: "needs an attribute",
		template: "{{ [1]|selectattr|list }}",
		fails:    "FilterArgumentError",
		says:     "Missing parameter for attribute name",
	},
	{
		of: "filter slice", name: "deals items out",
		template: "{{ [1, 2, 3, 4, 5]|slice(2)|list }}",
		want:     "[[1, 2, 3], [4, 5]]",
	},
	{
		of: "filter slice", name: "fills the lists that lack one",
		template: "{{ [1, 2, 3]|slice(2, 'x')|list }}",
		want:     "[[1, 2], [3, 'x']]",
	},
	{
		of: "filter slice", name: "refuses none at all",
		template: "{{ [1]|slice(0)|list }}",
		fails:    "ZeroDivisionError",
		says:     "integer division or modulo by zero",
	},
	{
		of: "filter sort", name: "keeps the order of equals",
		template: "{{ [{'a': 1, 'b': 1}, {'a': 0, 'b': 2}, {'a': 1, 'b': 3}]|sort(attribute='a')|map(attribute='b')|list }}",
		want:     "[2, 1, 3]",
	},
	{
		of: "filter sort", name: "sorts by several attributes",
		template: "{{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 1}]|sort(attribute='a,b') }}",
		want:     "[{'a': 1, 'b': 1}, {'a': 1, 'b': 2}]",
	},
	{
		of: "filter sort", name: "refuses what cannot be compared",
		template: "{{ [1, 'a']|sort }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'str' and 'int'",
	},
	{
		of: "filter sort", name: "refuses what has no items",
		template: "{{ 1|sort }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "filter string", name: "writes as a template does",
		template: "{{ [1.0|string, none|string, true|string] }}",
		want:     "['1.0', 'None', 'True']",
	},
	{
		of: "filter striptags", name: "joins what is left",
		template: `{{ '<p>a  <b>b</b></p>\n c<!-- x -->'|striptags }}`,
		want:     "a b c",
	},
	{
		of: "filter sum", name: "takes a start",
		template: "{{ [1, 2]|sum(start=10) }} {{ []|sum }}",
		want:     "13 0",
	},
	{
		of: "filter sum", name: "takes an attribute",
		template: "{{ [{'a': 1}, {'a': 2.5}]|sum('a') }}",
		want:     "3.5",
	},
	{
		of: "filter sum", name: "refuses texts",
		template: "{{ ['a']|sum }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +: 'int' and 'str'",
	},
	{
		of: "filter title", name: "begins words behind brackets and hyphens",
		template: `{{ 'a-b (c) [d] "e"'|title }}`,
		want:     `A-B (C) [D] "e"`,
	},
	{
		of: "filter tojson", name: "indents",
		template: "{{ {'a': [1, 2]}|tojson(indent=2) }}",
		want:     "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
	},
	{
		of: "filter tojson", name: "sorts keys",
		template: "{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}",
		want:     `{"a": 2, "b": 1}`,
	},
	{
		of: "filter tojson", name: "escapes what is not ASCII if it is asked",
		template: "{{ 'ä😀'|tojson }} {{ 'ä😀'|tojson(ensure_ascii=true) }}",
		want:     `"ä😀" "\u00e4\ud83d\ude00"`,
	},
	{
		of: "filter tojson", name: "escapes control characters",
		template: `{{ 'a\n\t"\\\x01/<'|tojson }}`,
		want:     `"a\n\t\"\\\u0001/<"`,
	},
	{
		of: "filter tojson", name: "writes numbers as Python does",
		template: "{{ [1, 1.0, 1e20, -0.0, true, none]|tojson }}",
		want:     "[1, 1.0, 1e+20, -0.0, true, null]",
	},
	{
		of: "filter tojson", name: "writes keys as text",
		template: "{{ {1: 2, none: 3, true: 4}|tojson }}",
		want:     `{"1": 4, "null": 3}`,
	},
	{
		of: "filter tojson", name: "refuses a function",
		template: "{{ range|tojson }}",
		fails:    "TypeError",
		says:     "Object of type builtin_function_or_method is not JSON serializable",
		differs:  "the words are this package's own",
	},
	{
		of: "filter trim", name: "takes characters that are named",
		template: "{{ '--a--'|trim('-') }}",
		want:     "a",
	},
	{
		of: "filter trim", name: "writes what is no text",
		template: "{{ 1|trim }}",
		want:     "1",
	},
	{
		of: "filter truncate", name: "leaves a text within the leeway",
		template: "{{ 'abcdefgh'|truncate(5) }} {{ 'abcdefgh'|truncate(5, leeway=0) }}",
		want:     "abcdefgh ab...",
	},
	{
		of: "filter truncate", name: "cuts words if it is asked",
		template: "{{ 'foo bar baz qux'|truncate(9, true, leeway=0) }} {{ 'foo bar baz qux'|truncate(11, leeway=0) }}",
		want:     "foo ba... foo bar...",
	},
	{
		of: "filter truncate", name: "refuses an end that is longer than the text may be",
		template: "{{ 'foo bar'|truncate(2) }}",
		fails:    "AssertionError",
		says:     "expected length >= 3, got 2",
	},
	{
		of: "filter unique", name: "goes without case",
		template: "{{ ['a', 'A', 'b']|unique|list }} {{ ['a', 'A']|unique(true)|list }}",
		want:     "['a', 'b'] ['a', 'A']",
	},
	{
		of: "filter unique", name: "takes an attribute",
		template: "{{ [{'a': 1}, {'a': 1}, {'a': 2}]|unique(attribute='a')|list }}",
		want:     "[{'a': 1}, {'a': 2}]",
	},
	{
		of: "filter upper", name: "writes what is no text",
		template: "{{ none|upper }}",
		want:     "NONE",
	},
	{
		of: "filter urlencode", name: "leaves what is safe",
		template: "{{ 'a b/ä?&=~-_.'|urlencode }}",
		want:     "a%20b/%C3%A4%3F%26%3D~-_.",
	},
	{
		of: "filter urlencode", name: "writes pairs",
		template: "{{ {'a': 'b c', 'd': 1}|urlencode }}",
		want:     "a=b+c&d=1",
	},
	{
		of: "filter wordcount", name: "counts words of letters and digits",
		template: "{{ 'one two-three, 4'|wordcount }}",
		want:     "4",
	},
}
