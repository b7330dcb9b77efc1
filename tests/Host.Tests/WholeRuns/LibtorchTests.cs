using System.Diagnostics;
using FluentAssertions;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>
/// The libtorch of an installed PyTorch, here the package's own laid out as pip does it. Each run is a process of its
/// own: a process has one libtorch.
/// </summary>
public sealed class LibtorchTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [PipTorchFact]
    public void A_run_loads_it_says_so_and_has_the_units_of_any_other_libtorch()
    {
        string torch = PipTorch.Install(folder.Path, "2.10.0+cpu");
        using var experiment = new SmallExperiment();
        string[] named = experiment.Arguments("--set", $"model.libtorch={torch}");
        var (code, output, errors) = Run(new() { ["LD_DEBUG"] = "files" }, named);
        code.Should().Be(0, output + errors);
        errors.Should().Contain($"file={torch}/lib/libtorch_cpu.so").And.NotContain($"file={PipTorch.Package}");
        Directory
            .EnumerateFiles(experiment.Cache, "manifest.json", SearchOption.AllDirectories)
            .Should()
            .NotBeEmpty()
            .And.OnlyContain(manifest => File.ReadAllText(manifest).Contains("2.10.0+cpu", StringComparison.Ordinal));

        foreach (
            Dictionary<string, string> environment in (Dictionary<string, string>[])
                [new(), new() { ["LIBTORCH"] = torch + "/lib" }]
        )
        {
            (code, output, errors) = Run(environment, ["plan", .. experiment.Arguments()]);
            code.Should().Be(0, output + errors);
            output.Should().Contain("8 cached, 0 missing").And.NotMatchRegex("forward.* [1-9][0-9]* missing");
        }
    }

    [PipTorchFact]
    public void One_that_is_unfit_is_refused_with_what_would_be_right()
    {
        using var experiment = new SmallExperiment();
        string copy = Path.Combine(Directory.CreateDirectory(Path.Combine(folder.Path, "cuda")).FullName, "libc10.so");
        File.Copy(Path.Combine(PipTorch.Package, "libc10.so"), copy);
        foreach (
            (string version, Dictionary<string, string> environment, string message) in ((
                string,
                Dictionary<string, string>,
                string
            )[])
                [
                    ("1.13.0a0", new(), "model.libtorch: *is PyTorch 1.13.0a0;*2.10.x*"),
                    ("2.10.0", new() { ["LD_PRELOAD"] = copy }, $"*libc10.so from {Path.GetDirectoryName(copy)} *"),
                ]
        )
        {
            string[] named = experiment.Arguments("--set", $"model.libtorch={PipTorch.Install(folder.Path, version)}");
            var (code, output, errors) = Run(environment, ["plan", .. named]);
            code.Should().Be(2, output + errors);
            errors.Should().Match(message).And.NotContain("   at ");
        }
    }

    public void Dispose() => folder.Dispose();

    private static (int ExitCode, string Output, string Errors) Run(
        Dictionary<string, string> environment,
        string[] arguments
    )
    {
        using Process process = HostProcess.Start(environment, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }
}
