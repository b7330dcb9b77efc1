using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Running;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>A process a device, together on one run.</summary>
public sealed partial class DevicesTests
{
    [Fact]
    public void Two_devices_leave_the_tables_and_the_report_of_one_process()
    {
        using var alone = new SmallExperiment(samples: 4, masks: 200);
        string one = alone.Run("--jobs", "1", "--threads", "1");
        using var shared = new SmallExperiment(samples: 4, masks: 200);

        string said = shared.Run("--devices", "cpu,cpu", "--threads", "2");

        said.Should()
            .Contain("2 devices, 1 thread each: cpu 1, cpu 2")
            .And.MatchRegex("forward: (cpu 1: .*computed.*; cpu 2: .*computed|each: .*computed)")
            .And.Contain(SumOf(one), "what devices computed is counted with the page of the one that shows them")
            .And.MatchRegex(@"(?m)^  devices +\d+ (s|min): their");
        shared.TableBytes().Should().Equal(alone.TableBytes());
        foreach (string log in Directory.EnumerateFiles(shared.RunFolder, "log*.txt"))
        {
            // Two that append to one file overwrite each other
            File.ReadLines(log).Should().OnlyContain(line => line.IndexOf("Z ", StringComparison.Ordinal) == 23);
        }

        shared.Run("--devices", "cpu,cpu").Should().Contain("Nothing to do").And.NotContain("devices,");
    }

    [Fact]
    public async Task A_process_that_dies_is_started_again_and_its_work_goes_on()
    {
        using var alone = new SmallExperiment(samples: 3, masks: 2000);
        alone.Run("--jobs", "1");
        using var shared = new SmallExperiment(samples: 3, masks: 2000);
        using Process parent = HostProcess.Start(shared.Arguments("--devices", "cpu,cpu", "--threads", "2"));
        Task<string> said = parent.StandardOutput.ReadToEndAsync(),
            errors = parent.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(shared, parent);

        using (var child = Process.GetProcessById(ChildrenOf(parent)[0]))
        {
            child.Kill();
        }

        await parent.WaitForExitAsync();
        parent.ExitCode.Should().Be(0, await errors);
        (await said).Should().MatchRegex("cpu [12]: its process died \\(signal 9\\). It is started again");
        shared.TableBytes().Should().Equal(alone.TableBytes());
    }

    [Fact]
    public async Task Processes_of_a_parent_that_is_gone_end()
    {
        using var shared = new SmallExperiment(samples: 3, masks: 100_000);
        using Process parent = HostProcess.Start(shared.Arguments("--devices", "cpu,cpu", "--threads", "2"));
        _ = parent.StandardOutput.ReadToEndAsync();
        _ = parent.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(shared, parent);
        Process[] children = [.. ChildrenOf(parent).Select(Process.GetProcessById)];

        parent.Kill();

        foreach (Process child in children)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await child.WaitForExitAsync(patience.Token);
            child.Dispose();
        }
    }

    [Fact]
    public async Task Interrupted_all_processes_drop_what_they_are_at()
    {
        using var shared = new SmallExperiment(samples: 3, masks: 100_000);
        using Process parent = HostProcess.StartBy(
            "env --default-signal",
            shared.Arguments("--devices", "cpu,cpu", "--threads", "2")
        );
        Task<string> said = parent.StandardOutput.ReadToEndAsync();
        _ = parent.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(shared, parent);
        int[] children = ChildrenOf(parent);

        KillTests.Send("TERM", parent);
        await parent.WaitForExitAsync();

        parent.ExitCode.Should().Be(130);
        (await said)
            .Should()
            .MatchRegex(@"Interrupted\. What was finished is stored:\r?\n")
            .And.MatchRegex(@"(?m)^  forward +\d+ of .* units done, .* left")
            .And.Contain("The same command goes on from there");
        children.Should().OnlyContain(c => !Directory.Exists($"/proc/{c}"));
        Directory.EnumerateFiles(Path.Combine(shared.Cache, ".workers")).Should().BeEmpty("each ended in order");
    }

    [Fact]
    public async Task What_was_asked_for_is_computed_though_the_spec_is_changed_meanwhile()
    {
        using var alone = new SmallExperiment(samples: 3, masks: 2000);
        alone.Run("--jobs", "1");
        using var shared = new SmallExperiment(samples: 3, masks: 2000);
        using Process parent = HostProcess.Start(shared.Arguments("--devices", "cpu,cpu", "--threads", "2"));
        _ = parent.StandardOutput.ReadToEndAsync();
        Task<string> errors = parent.StandardError.ReadToEndAsync();
        KillTests.WaitForPasses(shared, parent);
        string spec = await File.ReadAllTextAsync(shared.Spec);

        await File.WriteAllTextAsync(
            shared.Spec,
            spec.Replace("seed: 3", "seed: 4").Replace("name: small", "name: other")
        );
        await parent.WaitForExitAsync();

        parent.ExitCode.Should().Be(0, await errors);
        Directory.EnumerateDirectories(Path.Combine(shared.Artifacts, "runs")).Should().Equal(shared.RunFolder);
        shared.TableBytes().Should().Equal(alone.TableBytes());
    }

    [Theory]
    [InlineData("seed: 4")]
    [InlineData("seed: none")]
    public void The_process_of_a_device_refuses_a_spec_that_says_something_else_by_now(string seed)
    {
        using var shared = new SmallExperiment(samples: 1, masks: 20);
        string asked = SettingsDigest.Of(ExperimentReader.Read(shared.Spec).Experiments);
        string[] words = ["--worker", "--device", "cpu", ElsewhereOptions.Settings, asked];
        HostProcess.RunApart(shared.Arguments(words)).ExitCode.Should().Be(0);

        File.WriteAllText(shared.Spec, File.ReadAllText(shared.Spec).Replace("seed: 3", seed));

        shared
            .Refusal(words)
            .Should()
            .StartWith($"{shared.Spec}: the spec was changed while it was run")
            .And.Contain("is stored");
    }

    [Fact]
    public void A_limit_of_any_length_is_passed_on()
    {
        using var shared = new SmallExperiment(samples: 1, masks: 20);
        shared.Run("--devices", "cpu,cpu", "--time-limit", "900000d").Should().Contain("units computed");
    }

    [Theory]
    [InlineData("cpu,cuda:0", "a processor and cards are named together")]
    [InlineData("cuda:7", "'cuda:7' was asked for")]
    public void Devices_that_cannot_be_are_refused(string devices, string why)
    {
        using var shared = new SmallExperiment(samples: 1, masks: 20);
        shared.Refusal("--devices", devices).Should().Contain("--devices: " + why);
    }

    private static int[] ChildrenOf(Process parent) =>
        [
            .. Directory
                .EnumerateDirectories($"/proc/{parent.Id}/task")
                .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' '))
                .Where(pid => pid.Length > 0)
                .Select(pid => int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)),
        ];

    private static string SumOf(string said) => SumLine().Match(said).Value;

    [GeneratedRegex(@"\d+ units computed, \d+ were stored")]
    private static partial Regex SumLine();
}
