package jinja_test

// formatCases say of the formats of str.format.
var formatCases = []namedCase{
	{
		of: "text format", name: "does not go from numbered places to others",
		template: "{{ '{0}{}'.format(1) }}",
		fails:    "ValueError",
		says:     "cannot switch from manual field specification to automatic field numbering",
	},
	{
		of: "text format", name: "mixes names with either",
		template: "{{ '{}{a}{}'.format(1, 2, a=3) }}",
		want:     "132",
	},
	{
		of: "text format", name: "reads members as a template would",
		template: "{{ '{0[a]} {0[b][1]} {1.nosuch}'.format({'a': 1, 'b': [2, 3]}, 4) }}|",
		want:     "1 3 |",
	},
	{
		of: "text format", name: "does not lead out of the sandbox",
		template: "{{ '{0.__class__.__mro__}'.format(1) }}",
		fails:    "SecurityError",
		says:     "access to attribute '__class__' of 'int' object is unsafe.",
	},
	{
		of: "text format", name: "takes the width from an argument",
		template: "{{ '{:{}}'.format('a', 5) }}/{{ '{:{w}.{p}f}'.format(3.14159, w=8, p=2) }}",
		want:     "a    /    3.14",
	},
	{
		of: "text format", name: "goes no deeper than that",
		template: "{{ '{:{:{}}}'.format('a', 5, 6) }}",
		fails:    "ValueError",
		says:     "Max string recursion exceeded",
	},
	{
		of: "text format", name: "counts places of formats as others",
		template: "{{ '{0:{}}'.format('a', 5) }}",
		fails:    "ValueError",
		says:     "cannot switch from manual field specification to automatic field numbering",
	},
	{
		of: "text format", name: "writes an ASCII form",
		template: `{{ '{!a}'.format('ä日\n') }}`,
		want:     `'\xe4\u65e5\n'`,
	},
	{
		of: "text format", name: "fills what a conversion writes",
		template: "{{ '{!r:>5}/{!s:5}/'.format('a', [1]) }}",
		want:     "  'a'/[1]  /",
	},
	{
		of: "text format", name: "refuses a conversion that it does not know",
		template: "{{ '{!x}'.format(1) }}",
		fails:    "ValueError",
		says:     "Unknown conversion specifier x",
	},
	{
		of: "text format", name: "refuses a conversion of two letters",
		template: "{{ '{!rx}'.format(1) }}",
		fails:    "ValueError",
		says:     "expected ':' after conversion specifier",
	},
	{
		of: "text format", name: "refuses a field that ends in its conversion",
		template: "{{ '{0!'.format(1) }}",
		fails:    "ValueError",
		says:     "end of string while looking for conversion specifier",
	},
	{
		of: "text format", name: "refuses a field that ends in its format",
		template: "{{ '{0:'.format(1) }}",
		fails:    "ValueError",
		says:     "unmatched '{' in format spec",
	},
	{
		of: "text format", name: "refuses a field within a name",
		template: "{{ '{0{1}}'.format(1, 2) }}",
		fails:    "ValueError",
		says:     "unexpected '{' in field name",
	},
	{
		of: "text format", name: "takes names of any characters",
		template: "{{ '{a b}'.format(**{'a b': 1}) }}",
		want:     "1",
	},
	{
		of: "text format", name: "cuts text and fills it with any character",
		template: "{{ '{:.2}/{:é>5}/{:日^7}/{:>>5}'.format('abc', 'a', 'b', 'c') }}",
		want:     "ab/ééééa/日日日b日日日/>>>>c",
	},
	{
		of: "text format", name: "fills behind the sign",
		template: "{{ '{:=6}/{:06}/{:<06}/{:x<6}/{:0=+6}'.format(-42, -42, -42, -42, 42) }}",
		want:     "-   42/-00042/-42000/-42xxx/+00042",
	},
	{
		of: "text format", name: "writes signs",
		template: "{{ '{:+} {:-} {: } {:+} {: }'.format(1, 1, 1, -1, -1) }}",
		want:     "+1 1  1 -1 -1",
	},
	{
		of: "text format", name: "writes prefixes",
		template: "{{ '{:#x} {:#X} {:#o} {:#b} {:#d} {:#010x}'.format(255, 255, 8, 5, 5, -255) }}",
		want:     "0xff 0XFF 0o10 0b101 5 -0x00000ff",
	},
	{
		of: "text format", name: "groups digits",
		template: "{{ '{:_} {:,} {:_x} {:_b} {:_.2f} {:,.1f}'.format(1234567, -1234567, 1048575, 1023, 1234567.891, 12345) }}",
		want:     "1_234_567 -1,234,567 f_ffff 11_1111_1111 1_234_567.89 12,345.0",
	},
	{
		of: "text format", name: "groups the zeros of a width",
		template: "{{ '{:08,} {:06,} {:015,.2f} {:*=20,}'.format(1234, 1234, 1234567.891, 1234567) }}",
		want:     "0,001,234 01,234 0,001,234,567.89 ***********1,234,567",
	},
	{
		of: "text format", name: "writes booleans as numbers",
		template: "{{ '{:5}/{:d}/{:f}/{}'.format(true, true, true, true) }}",
		want:     "    1/1/1.000000/True",
	},
	{
		of: "text format", name: "writes characters by their number",
		template: "{{ '{:c}{:c}{:5c}/{:<3c}/'.format(65, 8364, 66, 67) }}",
		want:     "A€    B/C  /",
	},
	{
		of: "text format", name: "refuses a character that there is not",
		template: "{{ '{:c}'.format(1114112) }}",
		fails:    "OverflowError",
		says:     "%c arg not in range(0x110000)",
	},
	{
		of: "text format", name: "writes floats in all forms",
		template: "{{ '{:e} {:E} {:f} {:g} {:G} {:%} {:n} {:.3} {:10}/'.format(1234.5, 1234.5, 1234.5, 1234.5, 0.00000012345, 0.1234, 1234.5, 1234.5, 1234.5) }}",
		want:     "1.234500e+03 1.234500E+03 1234.500000 1234.5 1.2345E-07 12.340000% 1234.5 1.23e+03     1234.5/",
	},
	{
		of: "text format", name: "keeps points and zeros in the alternate form",
		template: "{{ '{:#.0e} {:#.0f} {:#g} {:#.3g} {:#.0%}'.format(1.5, 1.5, 1.5, 1.5, 0.5) }}",
		want:     "2.e+00 2. 1.50000 1.50 50.%",
	},
	{
		of: "text format", name: "takes an exponent where a float has no room",
		template: "{{ '{:.3} {:.1} {:.2} {:.2} {:.5} {:.17}'.format(1e16, 12.0, 100.0, 0.00001, 1.0, 0.1) }}",
		want:     "1e+16 1e+01 1e+02 1e-05 1.0 0.10000000000000001",
	},
	{
		of: "text format", name: "takes the minus of a zero away",
		template: "{{ '{:z.1f} {:.1f} {:z}'.format(-0.01, -0.01, -0.0) }}",
		want:     "0.0 -0.0 0.0",
	},
	{
		of: "text format", name: "writes what is not finite",
		template: "{% set x %}inf{% endset %}{% set y %}nan{% endset %}{{ '{:F} {:05} {:+} {:6}/{:%}'.format(x|float, -(x|float), x|float, y|float, x|float) }}",
		want:     "INF -0inf +inf    nan/inf%",
	},
	{
		of: "text format", name: "writes long whole numbers",
		template: "{{ '{:,} {:x}'.format(123456789012345678901234567890, 123456789012345678901234567890) }}",
		want:     "123,456,789,012,345,678,901,234,567,890 18ee90ff6c373e0ee4e3f0ad2",
	},
	{
		of: "text format", name: "refuses the forms of numbers for text",
		template: "{{ '{:d}'.format('a') }}",
		fails:    "ValueError",
		says:     "Unknown format code 'd' for object of type 'str'",
	},
	{
		of: "text format", name: "refuses the forms of whole numbers for floats",
		template: "{{ '{:d}'.format(1.5) }}",
		fails:    "ValueError",
		says:     "Unknown format code 'd' for object of type 'float'",
	},
	{
		of: "text format", name: "refuses the form of text for numbers",
		template: "{{ '{:s}'.format(1) }}",
		fails:    "ValueError",
		says:     "Unknown format code 's' for object of type 'int'",
	},
	{
		of: "text format", name: "refuses a sign for text",
		template: "{{ '{:+}'.format('a') }}",
		fails:    "ValueError",
		says:     "Sign not allowed in string format specifier",
	},
	{
		of: "text format", name: "refuses groups for text",
		template: "{{ '{:,}'.format('a') }}",
		fails:    "ValueError",
		says:     "Cannot specify ',' with 's'.",
	},
	{
		of: "text format", name: "refuses two kinds of groups",
		template: "{{ '{:,_}'.format(1) }}",
		fails:    "ValueError",
		says:     "Cannot specify both ',' and '_'.",
	},
	{
		of: "text format", name: "refuses decimals of whole numbers",
		template: "{{ '{:.2d}'.format(1) }}",
		fails:    "ValueError",
		says:     "Precision not allowed in integer format specifier",
	},
	{
		of: "text format", name: "refuses a point without digits",
		template: "{{ '{:.f}'.format(1.5) }}",
		fails:    "ValueError",
		says:     "Format specifier missing precision",
	},
	{
		of: "text format", name: "refuses what it cannot read",
		template: "{{ '{:5x5}'.format(1) }}",
		fails:    "ValueError",
		says:     "Invalid format specifier '5x5' for object of type 'int'",
	},
	{
		of: "text format", name: "refuses a form for none",
		template: "{{ '{:5}'.format(none) }}",
		fails:    "TypeError",
		says:     "unsupported format string passed to NoneType.__format__",
	},
	{
		of: "text format", name: "refuses a form for a list",
		template: "{{ '{:>5}'.format([1]) }}",
		fails:    "TypeError",
		says:     "unsupported format string passed to list.__format__",
	},
	{
		of: "text format", name: "writes anything without a form",
		template: "{{ '{} {:} {}'.format(none, [1], nosuch) }}/",
		want:     "None [1] /",
	},
}
