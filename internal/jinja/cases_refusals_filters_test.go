package jinja_test

// filterArguments say of the filters from abs to groupby: their arguments,
// values of other types, and what they refuse.
var filterArguments = []namedCase{
	{
		of: "filter abs", name: "refuses what is undefined",
		template: "{{ nothing|abs }}",
		fails:    "TypeError",
		says:     "bad operand type for abs(): 'Undefined'",
	},
	{
		of: "filter abs", name: "takes no argument",
		template: "{{ 1|abs(2) }}",
		fails:    "TypeError",
		says:     "abs() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "filter attr", name: "needs a name",
		template: "{{ 'a'|attr }}",
		fails:    "TypeError",
		says:     "attr() missing required argument 'name'",
		differs:  "the words are this package's own",
	},
	{
		of: "filter batch", name: "needs a number",
		template: "{{ [1, 2]|batch|list }}",
		fails:    "TypeError",
		says:     "batch() missing required argument 'linecount'",
		differs:  "the words are this package's own",
	},
	{
		of: "filter batch", name: "refuses what has no items",
		template: "{{ 1|batch(2)|list }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "filter capitalize", name: "writes what is no text",
		template: "{{ none|capitalize }} {{ true|capitalize }}",
		want:     "None True",
	},
	{
		of: "filter center", name: "writes what is no text",
		template: "[{{ 12|center(6) }}]",
		want:     "[  12  ]",
	},
	{
		of: "filter default", name: "replaces what is false only if it is asked",
		template: "[{{ ''|default('x') }}][{{ ''|default('x', true) }}][{{ 0|default('x', boolean=true) }}]",
		want:     "[][x][x]",
	},
	{
		of: "filter default", name: "keeps none",
		template: "{{ none|default('x') }} {{ none|default('x', true) }}",
		want:     "None x",
	},
	{
		of: "filter default", name: "replaces a key that is not there",
		template: "{{ {'a': 1}.b|default('x') }}",
		want:     "x",
	},
	{
		of: "filter default", name: "fails two levels deep",
		template: "{{ nothing.a.b|default('x') }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "filter dictsort", name: "sorts by value",
		template: "{{ {'a': 2, 'b': 1}|dictsort(false, 'value') }}",
		want:     "[('b', 1), ('a', 2)]",
	},
	{
		of: "filter dictsort", name: "sorts downward",
		template: "{{ {'a': 2, 'b': 1}|dictsort(reverse=true) }}",
		want:     "[('b', 1), ('a', 2)]",
	},
	{
		of: "filter dictsort", name: "refuses another order",
		template: "{{ {'a': 1}|dictsort(by='x') }}",
		fails:    "FilterArgumentError",
		says:     `You can only sort by either "key" or "value"`,
	},
	{
		of: "filter dictsort", name: "refuses a list",
		template: "{{ [1]|dictsort }}",
		fails:    "AttributeError",
		says:     "'list' object has no attribute 'items'",
	},
	{
		of: "filter e", name: "escapes the five signs",
		template: `{{ '<a href="x">\'&'|e }}`,
		want:     "&lt;a href=&#34;x&#34;&gt;&#39;&amp;",
	},
	{
		of: "filter escape", name: "writes what is no text",
		template: "{{ none|escape }} {{ [1, '<']|escape }}",
		want:     "None [1, &#39;&lt;&#39;]",
	},
	{
		of: "filter first", name: "of a text is its first character",
		template: "{{ 'äb'|first }} [{{ ''|first }}]",
		want:     "ä []",
	},
	{
		of: "filter first", name: "of a mapping is its first key",
		template: "{{ {'b': 1, 'a': 2}|first }}",
		want:     "b",
	},
	{
		of: "filter first", name: "refuses a number",
		template: "{{ 1|first }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "filter float", name: "reads exponents and spaces",
		template: "{{ ' 1.5e3 '|float }} {{ '-.5'|float }}",
		want:     "1500.0 -0.5",
	},
	{
		of: "filter float", name: "gives a default for what is no number",
		template: "{{ 'x'|float }} {{ 'x'|float(1.5) }} {{ none|float('n') }}",
		want:     "0.0 1.5 n",
	},
	{
		of: "filter float", name: "knows infinity",
		template: "{{ 'inf'|float }} {{ '-Infinity'|float }} {{ 'nan'|float }}",
		want:     "inf -inf nan",
	},
	{
		of: "filter format", name: "fills a text as % does",
		template: "{{ '%s=%d'|format('a', 1) }}",
		want:     "a=1",
	},
	{
		of: "filter format", name: "fills a text by names",
		template: "{{ '%(a)s'|format(a=1) }}",
		want:     "1",
	},
	{
		of: "filter format", name: "refuses names beside places",
		template: "{{ '%s'|format(1, a=1) }}",
		fails:    "FilterArgumentError",
		says:     "can't handle positional and keyword arguments at the same time",
	},
	{
		of: "filter groupby", name: "takes a default for what is not there",
		template: "{% for g, l in [{'a': 1}, {}]|groupby('a', default=0) %}{{ g }}:{{ l|length }};{% endfor %}",
		want:     "0:1;1:1;",
	},
	{
		of: "filter groupby", name: "groups without case",
		template: "{% for g, l in [{'a': 'x'}, {'a': 'X'}]|groupby('a') %}{{ g }}:{{ l|length }};{% endfor %}",
		want:     "x:2;",
	},
	{
		of: "filter groupby", name: "groups with case if it is asked",
		template: "{% for g, l in [{'a': 'x'}, {'a': 'X'}]|groupby('a', case_sensitive=true) %}{{ g }}:{{ l|length }};{% endfor %}",
		want:     "X:1;x:1;",
	},
	{
		of: "filter forceescape", name: "escapes again",
		template: "{{ '&amp;'|forceescape }}",
		want:     "&amp;amp;",
	},
}
