// Package pattern finds the matches of the patterns that tokenizers cut and replace
// with.
//
// The patterns of the models in use are written as functions, which known.go lists
// by the exact text of the pattern; an engine takes several times as long.
// Every other pattern is translated from Oniguruma's syntax to that of .NET and run
// by a backtracking engine with limits.
//
// # The syntax
//
// Hugging Face tokenizers compile the patterns of tokenizer.json with Oniguruma, in
// its Ruby syntax. Go's own engine has no lookarounds, atomic groups or references, and
// .NET's, which has them, means other things by the same text:
//
//	written          Oniguruma                            .NET
//	^ $              the ends of each line                those of the text
//	(?m)             the dot matches line breaks          ^ and $ see lines
//	a(?i)b|c         a(?i:b|c)                            (?:a(?i)b)|(?i:c)
//	a++ a*+ a?+      give nothing back                    malformed
//	a{2,3}+ a+?+     (?:a{2,3})+ and (?:a+?)+             malformed
//	a{,3}            a{0,3}                               the text a{,3}
//	a{2}?            (?:a{2})?                            a{2}
//	[a[bc]]          a class in a class                   [ is a character
//	[a-z&&[^b]]      an intersection                      & is a character
//	\h               a hexadecimal digit                  malformed
//	\R               a line break of any kind             malformed
//	\x{1F600}        a character                          malformed
//	\p{Greek}        a script, by its name alone          a block, IsGreek
//	\w \d \s \b      by Unicode 16                        by the version of the toolchain
//	(?i)s            s, S and ſ                           s and S
//	(?i)\p{Lu}       upper case                           by the version
//
// translate.go writes each of these as what .NET has for it, and refuses what there is
// nothing for, among it \X, \K, \G, absences and calls of groups. A pattern that was
// taken for another would give other ids without a word. A
// letter that is several in another case, such as ß and ss, matches as fold.go says.
package pattern
