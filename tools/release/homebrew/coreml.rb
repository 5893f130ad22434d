# Builds the command from a clone's source. Not run yet: README.md above says so.
class Coreml < Formula
  desc "Runs Core ML language models, on every system"
  homepage "https://github.com/gocoreml/coreml"
  license "Apache-2.0"
  head "https://github.com/gocoreml/coreml.git", branch: "main"

  depends_on "go" => :build

  def install
    ENV["CGO_ENABLED"] = "0"
    system "go", "build", *std_go_args(ldflags: "-s -w"), "./cmd/coreml"
    generate_completions_from_executable(bin/"coreml", "completion")
    system bin/"coreml", "man", "--dir", "man"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/coreml version") unless build.head?
    refute_empty shell_output("#{bin}/coreml generate -n 8 'Once upon a time'")
  end
end
