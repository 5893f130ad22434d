package jinja_test

// filterCases says of the filters from abs to items what they do.
var filterCases = []namedCase{
	{
		of: "filter abs", name: "makes a negative number positive",
		template: "{{ -3|abs }} {{ -2.5|abs }}",
		want:     "3 2.5",
	},
	{
		of: "filter abs", name: "leaves a positive number and zero",
		template: "{{ 3|abs }} {{ 0|abs }}",
		want:     "3 0",
	},
	{
		of: "filter abs", name: "counts a boolean as a number",
		template: "{{ true|abs }}",
		want:     "1",
	},
	{
		of: "filter abs", name: "refuses text",
		template: "{{ 'a'|abs }}",
		fails:    "TypeError",
		says:     "bad operand type for abs(): 'str'",
	},
	{
		of: "filter attr", name: "reads an attribute and not an item",
		template: "{{ {'items': 1}|attr('x') }}|{{ ({'x': 1}|attr('x')) is undefined }}",
		want:     "|True",
	},
	{
		of: "filter attr", name: "finds a method",
		template: "{{ ('ab'|attr('upper'))() }}",
		want:     "AB",
	},
	{
		of: "filter attr", name: "keeps what begins with two underscores from templates",
		template: "{{ 'a'|attr('__class__') }}",
		want:     "",
	},
	{
		of: "filter batch", name: "cuts a list into lists of so many items",
		template: "{{ [1,2,3,4,5]|batch(2)|list }}",
		want:     "[[1, 2], [3, 4], [5]]",
	},
	{
		of: "filter batch", name: "fills up the last list",
		template: "{{ [1,2,3]|batch(2, 'x')|list }}",
		want:     "[[1, 2], [3, 'x']]",
	},
	{
		of: "filter batch", name: "does not fill a list that is full",
		template: "{{ [1,2]|batch(2, 'x')|list }}",
		want:     "[[1, 2]]",
	},
	{
		of: "filter batch", name: "gives nothing for nothing",
		template: "{{ []|batch(3)|list }}",
		want:     "[]",
	},
	{
		of: "filter capitalize", name: "raises the first letter and lowers the others",
		template: "{{ 'hELLO wORLD'|capitalize }}",
		want:     "Hello world",
	},
	{
		of: "filter capitalize", name: "takes numbers as text",
		template: "{{ 12|capitalize }}",
		want:     "12",
	},
	{
		of: "filter capitalize", name: "leaves a text alone that begins with no letter",
		template: "{{ ' aB'|capitalize }}|",
		want:     " ab|",
	},
	{
		of: "filter capitalize", name: "raises a letter that is not ASCII",
		template: "{{ 'élan'|capitalize }}",
		want:     "Élan",
	},
	{
		of: "filter center", name: "puts a text into the middle",
		template: "[{{ 'ab'|center(6) }}]",
		want:     "[  ab  ]",
	},
	{
		of: "filter center", name: "leans to the left for an odd rest of an even width",
		template: "[{{ 'abc'|center(6) }}]",
		want:     "[ abc  ]",
	},
	{
		of: "filter center", name: "leaves a text alone that is wider",
		template: "[{{ 'abcdef'|center(3) }}]",
		want:     "[abcdef]",
	},
	{
		of: "filter center", name: "takes 80 columns if none are named",
		template: "{{ 'a'|center|length }}",
		want:     "80",
	},
	{
		of: "filter count", name: "is another name of length",
		template: "{{ [1,2,3]|count }} {{ 'äb'|count }}",
		want:     "3 2",
	},
	{
		of: "filter d", name: "is another name of default",
		template: "{{ nothing|d('x') }}",
		want:     "x",
	},
	{
		of: "filter default", name: "replaces what is undefined",
		template: "{{ nothing|default('x') }}",
		want:     "x",
	},
	{
		of: "filter default", name: "gives an empty text if it is given none",
		template: "[{{ nothing|default }}]",
		want:     "[]",
	},
	{
		of: "filter default", name: "keeps what is false and defined",
		template: "{{ ''|default('x') }}{{ 0|default('x') }}{{ none|default('x') }}",
		want:     "0None",
	},
	{
		of: "filter default", name: "replaces what is false when told to",
		template: "{{ ''|default('x', true) }}{{ 0|default('y', boolean=true) }}",
		want:     "xy",
	},
	{
		of: "filter default", name: "takes its argument by name",
		template: "{{ nothing|default(default_value=3) }}",
		want:     "3",
	},
	{
		of: "filter default", name: "does not hide that the value around is undefined",
		template: "{{ nothing.inner|default('x') }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "filter dictsort", name: "sorts by keys without their case",
		template: "{{ {'b': 1, 'A': 2, 'c': 0}|dictsort }}",
		want:     "[('A', 2), ('b', 1), ('c', 0)]",
	},
	{
		of: "filter dictsort", name: "heeds the case when told to",
		template: "{{ {'b': 1, 'B': 2, 'a': 3}|dictsort(true) }}",
		want:     "[('B', 2), ('a', 3), ('b', 1)]",
	},
	{
		of: "filter dictsort", name: "sorts by values",
		template: "{{ {'b': 2, 'a': 3, 'c': 1}|dictsort(by='value') }}",
		want:     "[('c', 1), ('b', 2), ('a', 3)]",
	},
	{
		of: "filter dictsort", name: "turns the order around",
		template: "{{ {'b': 1, 'a': 2}|dictsort(reverse=true) }}",
		want:     "[('b', 1), ('a', 2)]",
	},
	{
		of: "filter dictsort", name: "refuses to sort by anything else",
		template: "{{ {}|dictsort(by='size') }}",
		fails:    "FilterArgumentError",
		says:     `You can only sort by either "key" or "value"`,
	},
	{
		of: "filter e", name: "is another name of escape",
		template: "{{ '<'|e }}",
		want:     "&lt;",
	},
	{
		of: "filter escape", name: "writes entities for the five special characters",
		template: `{{ '<a href="x">&\'</a>'|escape }}`,
		want:     "&lt;a href=&#34;x&#34;&gt;&amp;&#39;&lt;/a&gt;",
	},
	{
		of: "filter escape", name: "writes an entity of an entity again",
		template: "{{ '&amp;'|escape }}",
		want:     "&amp;amp;",
	},
	{
		of: "filter first", name: "gives the first item",
		template: "{{ [3,1,2]|first }}",
		want:     "3",
	},
	{
		of: "filter first", name: "gives the first character",
		template: "{{ 'äb'|first }}",
		want:     "ä",
	},
	{
		of: "filter first", name: "gives the first key of a mapping",
		template: "{{ {'k': 1}|first }}",
		want:     "k",
	},
	{
		of: "filter first", name: "gives something undefined of an empty list",
		template: "[{{ []|first }}] {{ []|first is defined }}",
		want:     "[] False",
	},
	{
		of: "filter first", name: "takes only one item out of a generator",
		template: "{% set g = [1,2,3]|map('string') %}{{ g|first }}{{ g|first }}{{ g|list }}",
		want:     "12['3']",
	},
	{
		of: "filter float", name: "reads a number with a fraction",
		template: "{{ '3.25'|float }} {{ ' 2 '|float }} {{ '1e3'|float }}",
		want:     "3.25 2.0 1000.0",
	},
	{
		of: "filter float", name: "makes a float of a whole number",
		template: "{{ 3|float }}",
		want:     "3.0",
	},
	{
		of: "filter float", name: "gives zero for what is no number",
		template: "{{ 'x'|float }} {{ none|float }}",
		want:     "0.0 0.0",
	},
	{
		of: "filter float", name: "gives the default for what is no number",
		template: "{{ 'x'|float(1.5) }}",
		want:     "1.5",
	},
	{
		of: "filter float", name: "reads infinity and not a number",
		template: "{{ 'inf'|float }} {{ '-Infinity'|float }} {{ 'nan'|float }}",
		want:     "inf -inf nan",
	},
	{
		of: "filter float", name: "reads no hexadecimal number",
		template: "{{ '0x10'|float }}",
		want:     "0.0",
	},
	{
		of: "filter float", name: "reads underscores between digits",
		template: "{{ '1_000'|float }}",
		want:     "1000.0",
	},
	{
		of: "filter forceescape", name: "escapes text as escape does",
		template: "{{ '<'|forceescape }}",
		want:     "&lt;",
	},
	{
		of: "filter format", name: "puts values in",
		template: "{{ '%s is %d'|format('x', 3) }}",
		want:     "x is 3",
	},
	{
		of: "filter format", name: "puts named values in",
		template: "{{ '%(a)s-%(b)s'|format(a=1, b=2) }}",
		want:     "1-2",
	},
	{
		of: "filter format", name: "fails when values are left over",
		template: "{{ '%s'|format(1, 2) }}",
		fails:    "TypeError",
		says:     "not all arguments converted during string formatting",
	},
	{
		of: "filter groupby", name: "gathers items with one member's value",
		template: "{% for k, v in [{'g':'b','n':1},{'g':'a','n':2},{'g':'b','n':3}]|groupby('g') %}{{ k }}:{{ v|map(attribute='n')|join(',') }} {% endfor %}",
		want:     "a:2 b:1,3 ",
	},
	{
		of: "filter groupby", name: "names the parts of a group",
		template: "{% for g in [{'g': 1}]|groupby('g') %}{{ g.grouper }}{{ g.list }}{% endfor %}",
		want:     "1[{'g': 1}]",
	},
	{
		of: "filter groupby", name: "takes a value for items that lack the member",
		template: "{% for k, v in [{'g':'a'},{}]|groupby('g', default='z') %}{{ k }}{{ v|length }} {% endfor %}",
		want:     "a1 z1 ",
	},
	{
		of: "filter groupby", name: "puts letters of both cases into one group",
		template: "{% for k, v in [{'g':'a'},{'g':'A'}]|groupby('g') %}{{ k }}{{ v|length }}{% endfor %}",
		want:     "a2",
	},
	{
		of: "filter indent", name: "indents all lines but the first",
		template: `{{ 'a\nb\nc'|indent }}`,
		want:     "a\n    b\n    c",
	},
	{
		of: "filter indent", name: "indents by so many columns",
		template: `{{ 'a\nb'|indent(2) }}`,
		want:     "a\n  b",
	},
	{
		of: "filter indent", name: "indents by a text",
		template: `{{ 'a\nb'|indent('> ') }}`,
		want:     "a\n> b",
	},
	{
		of: "filter indent", name: "indents the first line when told to",
		template: `{{ 'a\nb'|indent(2, true) }}`,
		want:     "  a\n  b",
	},
	{
		of: "filter indent", name: "leaves empty lines empty",
		template: `{{ 'a\n\nb'|indent(2) }}`,
		want:     "a\n\n  b",
	},
	{
		of: "filter indent", name: "indents empty lines when told to",
		template: `{{ 'a\n\nb'|indent(2, blank=true) }}`,
		want:     "a\n  \n  b",
	},
	{
		of: "filter int", name: "reads a whole number",
		template: "{{ '42'|int }} {{ ' -7 '|int }}",
		want:     "42 -7",
	},
	{
		of: "filter int", name: "cuts off a fraction toward zero",
		template: "{{ 3.9|int }} {{ -3.9|int }} {{ '3.9'|int }}",
		want:     "3 -3 3",
	},
	{
		of: "filter int", name: "gives zero for what is no number",
		template: "{{ 'x'|int }} {{ none|int }} {{ ''|int }}",
		want:     "0 0 0",
	},
	{
		of: "filter int", name: "gives the default for what is no number",
		template: "{{ 'x'|int(-1) }}",
		want:     "-1",
	},
	{
		of: "filter int", name: "reads numbers of a base",
		template: "{{ 'ff'|int(base=16) }} {{ '0xff'|int(base=16) }} {{ '0b101'|int(0, 2) }}",
		want:     "255 255 5",
	},
	{
		of: "filter int", name: "counts a boolean",
		template: "{{ true|int }}",
		want:     "1",
	},
	{
		of: "filter int", name: "reads underscores between digits",
		template: "{{ '1_000'|int }}",
		want:     "1000",
	},
	{
		of: "filter items", name: "gives pairs of keys and values",
		template: "{{ {'a': 1, 'b': 2}|items|list }}",
		want:     "[('a', 1), ('b', 2)]",
	},
	{
		of: "filter items", name: "gives nothing for what is undefined",
		template: "{{ nothing|items|list }}",
		want:     "[]",
	},
	{
		of: "filter items", name: "refuses a list",
		template: "{{ [1]|items|list }}",
		fails:    "TypeError",
		says:     "Can only get item pairs from a mapping.",
	},
}
