// Package macos holds the tests that only a Mac can answer. It has no code of
// its own.
//
// A binding can be checked against headers and a stand-in, but some questions
// about Core ML itself stay open until somebody runs it. Each has a letter, and
// tests whose names begin with it:
//
//	A  do the live classes have the methods and types of the table?
//	B  are messages of eight words, truth values and fractions passed rightly?
//	C  which mistakes make Core ML raise an exception?
//	D  do callbacks on the framework's threads work under load, and when threads end?
//	E  how do devices lay out rows and float16 results, and do they take buffers?
//	F  does Core ML keep inputs after a prediction has returned?
//	G  does memory stay flat over ten thousand tokens?
//	H  may the main thread and others load and predict at once?
//	I  do states begin at zero, and does Close give their memory back?
//	J  how fast is it? (benchmarks)
//
// Besides them the packages of testdata/macos and the storyteller run on every
// device against recorded answers, and the conformance suite runs.
//
// On Linux the same tests run over the stand-in for CoreML.framework. That is a
// rehearsal: it shows that the tests work and says nothing about a Mac.
//
// Variables of the environment change what is run: COREML_MACOS_DEVICES lists
// devices, separated by commas, that must be there (GPU, Neural Engine), where
// tests are otherwise skipped by name, and COREML_MACOS_STEPS is the number of
// steps of the long runs (10,000 on a Mac).
package macos
