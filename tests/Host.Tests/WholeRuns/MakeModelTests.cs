using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary><c>make-model</c> from the command line; nothing large is written.</summary>
public sealed class MakeModelTests
{
    [Fact]
    public void A_dry_run_states_the_published_numbers_and_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        string output = Path.Combine(folder.Path, "model");
        var (code, text, errors) = HostProcess.Run("make-model", "Qwen2-VL-7B-Instruct", "--out", output, "--dry-run");
        (code, errors).Should().Be((0, ""));
        text.Should().Contain("730 tensors, 8,291,375,616 parameters in bfloat16: 16.58 GB in 5 files");
        Directory.Exists(output).Should().BeFalse();
    }

    [Fact]
    public void Unknown_names_and_full_folders_end_with_one_sentence_and_exit_code_2()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "note.txt"), "mine");
        var unknown = HostProcess.Run("make-model", "qwen2-vl-2b", "--out", Path.Combine(folder.Path, "model"));
        unknown.ExitCode.Should().Be(2);
        unknown.Errors.Should().Contain("Did you mean Qwen2-VL-2B-Instruct?").And.NotContain("   at ");
        var full = HostProcess.Run("make-model", "InternVL2_5-1B", "--layers", "1", "--out", folder.Path);
        full.ExitCode.Should().Be(2);
        full.Errors.Should().Contain("not empty");
        Directory.EnumerateFileSystemEntries(folder.Path).Should().ContainSingle();
    }
}
