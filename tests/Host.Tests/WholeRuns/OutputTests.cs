using System.Diagnostics;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>Standard output on a full disk, or too long: the shell that starts the program sees to it.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("> /dev/full", "No space left on device", "--jobs=1")]
    [InlineData("> /dev/full", "No space left on device", "--devices=cpu,cpu")]
    public void A_run_whose_output_takes_nothing_goes_on_and_says_so_at_its_end(
        string output,
        string why,
        string option
    )
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        var (code, errors) = RunBy($"exec \"$@\" {output}", experiment.Arguments(option));

        code.Should().Be(0, errors);
        errors.Should().EndWith($"Standard output did not take all that was written to it ({why}). {Lost}\n");
        experiment.TableBytes().Should().NotBeEmpty();
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("run --help")]
    public void Where_output_is_all_that_was_asked_for_the_exit_code_tells(string words)
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        string[] command = words.Split(' ');
        var (code, errors) = RunBy("exec \"$@\" > /dev/full", [command[0], .. experiment.Arguments(), .. command[1..]]);

        code.Should().Be(1);
        errors.Should().Contain("Standard output did not take").And.Contain("Write it where there is room.");
    }

    [Fact]
    public void Neither_output_nor_errors_that_take_nothing_end_a_run()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        RunBy("exec \"$@\" > /dev/full 2>&1", experiment.Arguments()).Code.Should().Be(0);
    }

    [Fact]
    public void A_limit_on_the_length_of_files_is_an_error_with_its_name_and_no_signal()
    {
        using var experiment = new SmallExperiment(samples: 1, masks: 20);
        // The runtime's own memory is a file, too, unless it is told otherwise
        const string Limited = "DOTNET_EnableWriteXorExecute=0; ulimit -f 300; exec \"$@\" 1>&2";

        var (code, said) = RunBy($"export {Limited}", experiment.Arguments());

        code.Should().Be(1, said);
        said.Should().Contain("ulimit -f").And.NotContain("a defect").And.NotContain("   at ");
        experiment.Run().Should().Contain("units computed");
    }

    private const string Lost = "Only what was said there is lost.";

    private (int Code, string Errors) RunBy(string script, string[] arguments)
    {
        string file = Path.Combine(folder.Path, "script");
        File.WriteAllText(file, script + "\n");
        using Process process = HostProcess.StartBy($"/bin/sh {file}", arguments);
        _ = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors);
    }
}
