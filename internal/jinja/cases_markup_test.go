package jinja_test

// What is marked as safe for HTML, what escapes, and small things that no published
// template was seen to use.
var markupCases = []namedCase{
	{
		of: "filter xmlattr", name: "escapes values",
		template: "{{ {'a':'<','b':1}|xmlattr }}",
		want:     ` a="&lt;" b="1"`,
	},
	{
		of: "filter xmlattr", name: "leaves none and what is undefined out",
		template: "{{ {'a':none,'b':x,'c':2}|xmlattr(false) }}",
		want:     `c="2"`,
	},
	{
		of: "filter xmlattr", name: "refuses a name with a space",
		template: "{{ {'a b':1}|xmlattr }}",
		fails:    "ValueError",
		says:     "Invalid character in attribute name: 'a b'",
	},
	{
		of: "filter xmlattr", name: "refuses a name that ends the element",
		template: "{{ {'a>':1}|xmlattr }}",
		fails:    "ValueError",
		says:     "Invalid character in attribute name: 'a>'",
	},
	{
		of: "filter xmlattr", name: "of an empty mapping is nothing",
		template: "[{{ {}|xmlattr }}]",
		want:     "[]",
	},
	{
		of: "filter xmlattr", name: "keeps what is marked",
		template: "{{ {'a':'<'|safe}|xmlattr }}",
		want:     ` a="<"`,
	},
	{
		of: "filter xmlattr", name: "is marked where text is escaped",
		template: "{% autoescape true %}{{ {'a':'<'}|xmlattr }}{% endautoescape %}",
		want:     ` a="&lt;"`,
	},
	{
		of: "filter xmlattr", name: "of what is undefined fails",
		template: "{{ x|xmlattr }}",
		fails:    "UndefinedError",
		says:     "'x' is undefined",
	},
	{
		of: "dict fromkeys", name: "makes a mapping of keys",
		template: "{{ dict.fromkeys(['a','b'],1) }}",
		want:     "{'a': 1, 'b': 1}",
	},
	{
		of: "dict fromkeys", name: "gives none without a value",
		template: "{{ dict.fromkeys('ab') }}",
		want:     "{'a': None, 'b': None}",
	},
	{
		of: "dict fromkeys", name: "is a method of a mapping too",
		template: "{{ {'a':1}.fromkeys(['z']) }}",
		want:     "{'z': None}",
	},
	{
		of: "dict fromkeys", name: "keeps a key once",
		template: "{{ dict.fromkeys([1,true,1.0],2) }}",
		want:     "{1: 2}",
	},
	{
		of: "dict fromkeys", name: "wants keys",
		template: "{{ dict.fromkeys() }}",
		fails:    "TypeError",
		says:     "fromkeys expected at least 1 argument, got 0",
	},
	{
		of: "text expandtabs", name: "fills up to the next column",
		template: `{{ 'a\tbc\td'.expandtabs(4) }}`,
		want:     "a   bc  d",
	},
	{
		of: "text expandtabs", name: "begins anew with a line",
		template: `{{ 'ab\nc\td'.expandtabs() }}`,
		want:     "ab\nc       d",
	},
	{
		of: "text expandtabs", name: "removes tabs for no width",
		template: `{{ 'a\tb'.expandtabs(0) }}`,
		want:     "ab",
	},
	{
		of: "text format_map", name: "takes the names of a mapping",
		template: "{{ '{a}-{b}'.format_map({'a':1,'b':2}) }}",
		want:     "1-2",
	},
	{
		of: "text format_map", name: "of marked text escapes",
		template: "{{ ('{a}'|safe).format_map({'a':'<'}) }}",
		want:     "&lt;",
	},
	{
		of: "Markup", name: "is what safe gives",
		template: "{{ 'x'|safe is escaped }} {{ 'x' is escaped }}",
		want:     "True False",
	},
	{
		of: "Markup", name: "shows in a list",
		template: "{{ ['<'|safe] }}",
		want:     "[Markup('<')]",
	},
	{
		of: "Markup", name: "escapes what is added on its right",
		template: "{{ ('b'|safe) + '<a>' }}",
		want:     "b&lt;a&gt;",
	},
	{
		of: "Markup", name: "escapes what is added on its left",
		template: "{{ '<a>' + ('b'|safe) }}",
		want:     "&lt;a&gt;b",
	},
	{
		of: "Markup", name: "keeps what is marked too",
		template: "{{ ('<b>'|safe) + ('<a>'|safe) }}",
		want:     "<b><a>",
	},
	{
		of: "Markup", name: "cannot be added to a number",
		template: "{{ ('a'|safe) + 1 }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +: 'Markup' and 'int'",
	},
	{
		of: "Markup", name: "cannot be added to by a number",
		template: "{{ 1 + ('a'|safe) }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +: 'int' and 'Markup'",
	},
	{
		of: "Markup", name: "is repeated marked",
		template: "{{ ('<'|safe) * 2 }}{{ (2 * ('<'|safe)) is escaped }}",
		want:     "<<True",
	},
	{
		of: "Markup", name: "escapes the values of %",
		template: "{{ ('%s %r %d'|safe) % ('<a>','<b>',3) }}",
		want:     "&lt;a&gt; &#39;&lt;b&gt;&#39; 3",
	},
	{
		of: "Markup", name: "escapes the values of a mapping",
		template: "{{ ('%(a)s'|safe) % {'a':'<'} }}",
		want:     "&lt;",
	},
	{
		of: "Markup", name: "escapes a list of % as a whole",
		template: "{{ ('%s'|safe) % ['<'] }}",
		want:     "[&#39;&lt;&#39;]",
	},
	{
		of: "Markup", name: "as the value of % is text",
		template: "{{ '%s' % ('<'|safe) is escaped }}",
		want:     "True",
	},
	{
		of: "Markup", name: "escapes in format",
		template: "{{ '%s'|safe|format('<x>') }}",
		want:     "&lt;x&gt;",
	},
	{
		of: "Markup", name: "escapes the fields of format",
		template: "{{ ('{} {:>3} {!r}'|safe).format('<',2,'<') }}",
		want:     "&lt;   2 &#39;&lt;&#39;",
	},
	{
		of: "Markup", name: "takes no format itself",
		template: "{{ ('{:>3}'|safe).format('<'|safe) }}",
		fails:    "ValueError",
		says:     "Unsupported format specification for Markup.",
	},
	{
		of: "Markup", name: "in a field of plain text is text",
		template: "{{ '{:>3}'.format('<'|safe) }}",
		want:     "  <",
	},
	{
		of: "Markup", name: "is kept by upper",
		template: "{{ ('<a>'|safe|upper) + '<' }}",
		want:     "<A>&lt;",
	},
	{
		of: "Markup", name: "is kept by lower, capitalize and trim",
		template: "{{ ('<A>'|safe|lower) is escaped }} {{ ('a'|safe|capitalize) is escaped }} {{ (' a '|safe|trim) is escaped }}",
		want:     "True True True",
	},
	{
		of: "Markup", name: "is lost by title and urlencode",
		template: "{{ ('a b'|safe|title) is escaped }} {{ ('a b'|safe|urlencode) is escaped }}",
		want:     "False False",
	},
	{
		of: "Markup", name: "is lost by replace",
		template: "{{ ('<a>'|safe|replace('a','<')) is escaped }}",
		want:     "False",
	},
	{
		of: "Markup", name: "is lost by join",
		template: "{{ (['<'|safe,'>']|join('&')) is escaped }}",
		want:     "False",
	},
	{
		of: "Markup", name: "is kept by center and indent",
		template: `{{ ('a'|safe|center(3)) is escaped }} {{ ('a\nb'|safe|indent) is escaped }}`,
		want:     "True True",
	},
	{
		of: "Markup", name: "is kept by truncate, which escapes the end",
		template: "{{ 'abcdefghij'|safe|truncate(5,true,'<',0) }}",
		want:     "abcd&lt;",
	},
	{
		of: "Markup", name: "is kept by reverse and last, not by first",
		template: "{{ ('ab'|safe|reverse) is escaped }} {{ ('ab'|safe|last) is escaped }} {{ ('ab'|safe|first) is escaped }}",
		want:     "True True False",
	},
	{
		of: "Markup", name: "is kept by string",
		template: "{{ ('<'|safe|string) is escaped }}",
		want:     "True",
	},
	{
		of: "Markup", name: "is not escaped again",
		template: "{{ '<'|e|e }}",
		want:     "&lt;",
	},
	{
		of: "Markup", name: "is escaped again by forceescape",
		template: "{{ '<'|e|forceescape }}",
		want:     "&amp;lt;",
	},
	{
		of: "Markup", name: "is a text",
		template: "{{ ('a'|safe) is string }} {{ ('a'|safe) == 'a' }} {{ ('a'|safe) in ['a'] }} {{ {'a':1}[('a'|safe)] }}",
		want:     "True True True 1",
	},
	{
		of: "Markup", name: "has its order",
		template: "{{ ('a'|safe) < 'b' }} {{ ['b','a'|safe]|sort }}",
		want:     "True [Markup('a'), 'b']",
	},
	{
		of: "Markup", name: "has its length and truth",
		template: "{{ ('ab'|safe)|length }} {{ (''|safe) or 'no' }}",
		want:     "2 no",
	},
	{
		of: "Markup", name: "has marked characters by index and slice",
		template: "{{ ('abc'|safe)[0] is escaped }} {{ ('abc'|safe)[1:] is escaped }} {{ ('abc'|safe)[::-1] is escaped }}",
		want:     "True True True",
	},
	{
		of: "Markup", name: "is gone over in plain characters",
		template: "{% for c in 'ab'|safe %}{{ c is escaped }} {% endfor %}",
		want:     "False False ",
	},
	{
		of: "Markup", name: "has a name of its own in messages",
		template: "{{ ('a'|safe).foo.x }}",
		fails:    "UndefinedError",
		says:     "'markupsafe.Markup object' has no attribute 'foo'",
	},
	{
		of: "Markup", name: "is a plain string in JSON",
		template: "{{ {'a':'<'|safe}|tojson }}",
		want:     `{"a": "<"}`,
	},
	{
		of: "Markup", name: "is joined plain by ~",
		template: "{{ (('<'|safe) ~ '>') is escaped }}",
		want:     "False",
	},
	{
		of: "Markup", name: "methods give marked text",
		template: "{{ ('a b'|safe).split() }} {{ ('a-b'|safe).partition('-') }} {{ ('a'|safe).zfill(2) is escaped }}",
		want:     "[Markup('a'), Markup('b')] (Markup('a'), Markup('-'), Markup('b')) True",
	},
	{
		of: "Markup", name: "method replace escapes the new text",
		template: "{{ ('aba'|safe).replace('b','<') }}",
		want:     "a&lt;a",
	},
	{
		of: "Markup", name: "method replace does not escape the old text",
		template: "{{ ('a<'|safe).replace('<','x') }}",
		want:     "ax",
	},
	{
		of: "Markup", name: "method join escapes the items",
		template: "{{ ('<br>'|safe).join(['<',1]) }}",
		want:     "&lt;<br>1",
	},
	{
		of: "Markup", name: "method join of plain text takes marked items",
		template: "{{ ', '.join(['<'|safe]) }}",
		want:     "<",
	},
	{
		of: "Markup", name: "methods ljust and center escape what they fill with",
		template: "{{ ('a'|safe).ljust(3,'-') }}",
		want:     "a--",
	},
	{
		of: "Markup", name: "method ljust refuses to fill with what is several when escaped",
		template: "{{ ('a'|safe).ljust(3,'<') }}",
		fails:    "TypeError",
		says:     "The fill character must be exactly one character long",
	},
	{
		of: "Markup", name: "method unescape gives plain text",
		template: "{{ ('&lt;'|safe).unescape() }}{{ ('a'|safe).unescape() is escaped }}",
		want:     "<False",
	},
	{
		of: "Markup", name: "method striptags gives plain text",
		template: "{{ ('<b>x &lt;</b>  y'|safe).striptags() }}",
		want:     "x < y",
	},
	{
		of: "Markup", name: "method escape escapes another text",
		template: "{{ ('a'|safe).escape('<') }}",
		want:     "&lt;",
	},
	{
		of: "Markup", name: "methods that ask give what they give",
		template: "{{ ('ab'|safe).startswith('a') }} {{ ('ab'|safe).find('b') }} {{ ('ab'|safe).count('a') }}",
		want:     "True 1 1",
	},
	{
		of: "Markup", name: "is what default hands on",
		template: "{{ (x|default('<'|safe)) is escaped }}",
		want:     "True",
	},
	{
		of: "Markup", name: "in a conditional expression is kept",
		template: "{{ (('<'|safe) if true else '') is escaped }}",
		want:     "True",
	},
	{
		of: "Markup", name: "is made of each item by map",
		template: "{{ ['<','&']|map('e')|list }}",
		want:     "[Markup('&lt;'), Markup('&amp;')]",
	},
	{
		of: "Markup", name: "of a test's argument is text",
		template: "{{ ['a','b'|safe]|select('equalto','b'|safe)|list }}",
		want:     "[Markup('b')]",
	},
	{
		of: "Markup", name: "can name a filter",
		template: "{{ ['a']|map('upper'|safe)|list }}",
		want:     "['A']",
	},
	{
		of: "Markup", name: "is none of striptags",
		template: "{{ ('<b>x</b>'|safe|striptags) is escaped }}",
		want:     "False",
	},
	{
		of: "filter striptags", name: "cuts a comment as a whole",
		template: "{{ 'a<!-- <b> -->c <i>d</i>'|striptags }}",
		want:     "ac d",
	},
	{
		of: "filter striptags", name: "leaves what is not closed",
		template: "{{ 'a<b>c<d'|striptags }} {{ 'a<!-- <b> c'|striptags }}",
		want:     "ac<d a<!-- <b> c",
	},
	{
		of: "statement autoescape", name: "escapes what tags write",
		template: "{% autoescape true %}{{ '<' }}{% endautoescape %}{{ '<' }}",
		want:     "&lt;<",
	},
	{
		of: "statement autoescape", name: "leaves marked text",
		template: "{% autoescape true %}{{ '<'|safe }}{{ '<'|e }}{% endautoescape %}",
		want:     "<&lt;",
	},
	{
		of: "statement autoescape", name: "leaves the text around",
		template: "{% autoescape true %}<b>{{ 1 }}{% endautoescape %}",
		want:     "<b>1",
	},
	{
		of: "statement autoescape", name: "can be switched off inside",
		template: "{% autoescape true %}{% autoescape false %}{{ '<' }}{% endautoescape %}{{ '<' }}{% endautoescape %}",
		want:     "<&lt;",
	},
	{
		of: "statement autoescape", name: "escapes a list",
		template: "{% autoescape true %}{{ ['<', '<'|safe] }}{% endautoescape %}",
		want:     "[&#39;&lt;&#39;, Markup(&#39;&lt;&#39;)]",
	},
	{
		of: "statement autoescape", name: "by a variable escapes what is not constant",
		template: "{% set f = true %}{% set v = '<' %}{% autoescape f %}{{ v }}{{ '<' }}{% endautoescape %}",
		want:     "&lt;<",
	},
	{
		of: "statement autoescape", name: "by a variable that is false does not escape",
		template: "{% set f = false %}{% set v = '<' %}{% autoescape f %}{{ v }}{% endautoescape %}",
		want:     "<",
	},
	{
		of: "statement autoescape", name: "marks what ~ joins with marked text",
		template: "{% set v = '<' %}{% autoescape true %}{{ v ~ ('<b>'|safe) }} {{ v ~ v }}{% endautoescape %}",
		want:     "&lt;<b> &lt;&lt;",
	},
	{
		of: "statement autoescape", name: "joins constants plain",
		template: "{% autoescape true %}{{ '<' ~ ('<b>'|safe) }}{% endautoescape %}",
		want:     "&lt;&lt;b&gt;",
	},
	{
		of: "statement autoescape", name: "escapes in join where an item is marked",
		template: "{% autoescape true %}{{ ['<','>'|safe]|join('&') }} {{ ['<']|join('&') }}{% endautoescape %}",
		want:     "&lt;&amp;> &lt;",
	},
	{
		of: "statement autoescape", name: "escapes in replace of marked text",
		template: "{% autoescape true %}{{ '<a'|safe|replace('a','<') }} {{ '<a'|replace('a','<') }} {{ '<a'|replace('a','<'|safe) }}{% endautoescape %}",
		want:     "<&lt; &lt;&lt; &lt;<",
	},
	{
		of: "statement autoescape", name: "marks what a set block writes",
		template: "{% autoescape true %}{% set q %}<b>{{ '<' }}{% endset %}{{ q }}{{ q is escaped }}{% endautoescape %}",
		want:     "<b>&lt;True",
	},
	{
		of: "statement autoescape", name: "marks what a macro writes",
		template: "{% autoescape true %}{% macro m(x) %}<b>{{ x }}{% endmacro %}{{ m('<') }}{% endautoescape %}",
		want:     "<b>&lt;",
	},
	{
		of: "statement autoescape", name: "leaves the tags of a macro outside as they are",
		template: "{% macro m(x) %}<b>{{ x }}{% endmacro %}{% autoescape true %}{{ m('<') }}{% endautoescape %}{{ m('<') is escaped }}",
		want:     "<b><False",
	},
	{
		of: "statement autoescape", name: "hands marked text to a filter block",
		template: "{% autoescape true %}{% filter upper %}<b>{{ '<' }}{% endfilter %}{% endautoescape %}",
		want:     "<B>&LT;",
	},
	{
		of: "statement autoescape", name: "is a scope",
		template: "{% set x = 1 %}{% autoescape true %}{% set x = 2 %}{% endautoescape %}{{ x }}",
		want:     "1",
	},
	{
		of: "expression", name: "with nothing in brackets asks for an empty tuple",
		template: "{% set a = [1] %}{{ a[] is undefined }} {{ {():5}[] }}",
		want:     "True 5",
	},
	{
		of: "expression", name: "a rest of floats has the sign of the divisor",
		template: "{{ -7 % 3.5 }} {{ 7 % -3.5 }} {{ -0.0 % 3 }} {{ -7 // 3.5 }} {{ 6.5 // -2 }} {{ 1 // 0.1 }}",
		want:     "0.0 -0.0 0.0 -2.0 -4.0 9.0",
	},
	{
		of: "filter items", name: "is lazy",
		template: "{% set x = None|items %}ok",
		want:     "ok",
	},
	{
		of: "filter items", name: "of none fails when it is read",
		template: "{{ None|items|list }}",
		fails:    "TypeError",
		says:     "Can only get item pairs from a mapping.",
	},
	{
		of: "filter batch", name: "is lazy",
		template: "{% set x = 1|batch(2) %}ok",
		want:     "ok",
	},
	{
		of: "filter unique", name: "is lazy",
		template: "{% set x = 1|unique %}ok",
		want:     "ok",
	},
	{
		of: "filter sum", name: "refuses to begin with a text",
		template: "{{ ['a']|sum(start='') }}",
		fails:    "TypeError",
		says:     "sum() can't sum strings [use ''.join(seq) instead]",
	},
	{
		of: "filter indent", name: "of a list fails behind the line break",
		template: "{{ [1]|indent }}",
		fails:    "AttributeError",
		says:     "'list' object has no attribute 'splitlines'",
	},
	{
		of: "filter reverse", name: "of a generator is a list",
		template: "{{ [1,2]|map('abs')|reverse }}",
		want:     "[2, 1]",
	},
	{
		of: "filter truncate", name: "leaves a short list as it is",
		template: "{{ [1,2]|truncate(3) }}",
		want:     "[1, 2]",
	},
	{
		of: "filter truncate", name: "cannot cut a list",
		template: "{{ range(20)|list|truncate(3,true) }}",
		fails:    "TypeError",
		says:     `can only concatenate list (not "str") to list`,
	},
	{
		of: "filter attr", name: "of what is undefined fails",
		template: "{{ x|attr('a') }}",
		fails:    "UndefinedError",
		says:     "'x' is undefined",
	},
	{
		of: "method copy", name: "of a tuple is none",
		template: "{{ (1,2).copy is defined }}",
		want:     "False",
	},
	{
		of: "expression", name: "% of a list leaves none over",
		template: "{{ 'x' % [1] }} {{ 'x' % u }}",
		want:     "x x",
	},
	{
		of: "expression", name: "in a text wants a text",
		template: "{{ u in 'abc' }}",
		fails:    "TypeError",
		says:     "'in <string>' requires string as left operand, not Undefined",
	},
}
