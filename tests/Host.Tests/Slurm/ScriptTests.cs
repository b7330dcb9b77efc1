using System.Diagnostics;
using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Slurm;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>The scripts, whole, and what a shell makes of them.</summary>
public sealed class ScriptTests
{
    private const string Odd = "a b'c\"d$HOME`e\\f;g%h";

    private static readonly Approved Texts = new(HostProcess.RepositoryRoot, "tests/Host.Tests/Slurm/Approved");

    private static readonly ProgramStart Start = new(
        ["/usr/lib/dotnet/dotnet", "/opt/pipelines/Pipelines.Host.dll"],
        [("DOTNET_ROOT", "/usr/lib/dotnet")]
    );

    private static readonly SlurmProfile Profile = new()
    {
        Partition = "gpu",
        Time = "4:00:00",
        Gpus = "1",
        Cpus = 8,
        Memory = "64G",
        ArraySize = 16,
        ArrayLimit = 8,
        Setup = ["module load cuda/12.8"],
        Sbatch = ["--exclude=n7"],
        StageWeights = "/scratch/${USER}",
    };

    [Fact]
    public void The_script_of_an_array_is_the_one_that_was_accepted() =>
        Texts.Hold(
            "array",
            new SlurmScript(Profile, "mine", "/data/my runs/mine/slurm/1/logs", Start).OfArray(
                16,
                ["run", "/home/me/it's mine.yaml", "--threads", "8", "--stage-weights", "/scratch/${USER}", "--worker"]
            )
        );

    [Fact]
    public void The_script_of_the_report_is_the_one_that_was_accepted() =>
        Texts.Hold("report", new SlurmScript(Profile, "mine", "/logs", Start).OfReport(["run", "/home/me/mine.yaml"]));

    [Fact]
    public void A_folder_to_begin_in_is_entered_behind_the_setup_and_a_setup_may_set_what_is_inherited()
    {
        using var folder = new TemporaryFolder();
        string odd = Directory.CreateDirectory(Path.Combine(folder.Path, Odd)).FullName;
        var start = new ProgramStart(["/bin/bash", "-c", "printf '%s\\n' \"$PWD\" \"$A\" \"$B\""], [])
        {
            Inherited = [("A", "here"), ("B", "here")],
        };
        var profile = new SlurmProfile { Setup = ["export B=there", "cd /"] };
        string text = new SlurmScript(profile, "n", folder.Path, start, odd).OfReport([]);
        Bash(folder, text, ("SLURM_JOB_ID", "7")).Code.Should().Be(0);
        File.ReadAllLines(Path.Combine(folder.Path, "7.0.log"))[1..].Should().Equal(odd, "here", "there");
    }

    [Fact]
    public void The_limit_is_left_out_where_the_array_is_no_larger() =>
        new SlurmScript(Profile, "mine", "/logs", Start).OfArray(8, []).Should().Contain("--array=0-7\n");

    [Fact]
    public void A_shell_gives_the_program_its_words_whatever_stands_in_them_and_becomes_it()
    {
        using var folder = new TemporaryFolder();
        string logs = Directory.CreateDirectory(Path.Combine(folder.Path, Odd)).FullName;
        // The program tells who started it, its own number and its words
        var start = new ProgramStart(["/bin/bash", "-c", "printf '%s\\n' \"$$ $V\" \"$@\"", "it"], [("V", Odd)]);
        string text = new SlurmScript(new SlurmProfile { Setup = [$"echo made ready"] }, "n", logs, start).OfArray(
            1,
            ["run", Odd, "--set", "prompt=What's \"this\"?\nAnd that?"]
        );
        int shell = Bash(folder, text, ("SLURM_ARRAY_JOB_ID", "12"), ("SLURM_ARRAY_TASK_ID", "3")).Id;
        string[] log = File.ReadAllLines(Path.Combine(logs, "12_3.0.log"));
        log[0].Should().StartWith("== 12_3, start 1, on ");
        log[1..]
            .Should()
            .Equal("made ready", $"{shell} {Odd}", "run", Odd, "--set", "prompt=What's \"this\"?", "And that?");
    }

    [Fact]
    public void A_second_start_of_a_job_writes_beside_the_log_of_the_first()
    {
        using var folder = new TemporaryFolder();
        string text = new SlurmScript(
            new SlurmProfile(),
            "n",
            folder.Path,
            new ProgramStart(["/bin/true"], [])
        ).OfReport([]);
        Bash(folder, text, ("SLURM_JOB_ID", "7"));
        Bash(folder, text, ("SLURM_JOB_ID", "7"), ("SLURM_RESTART_COUNT", "1"));
        Directory
            .EnumerateFiles(folder.Path, "*.log")
            .Select(f => Path.GetFileName(f))
            .Should()
            .BeEquivalentTo("7.0.log", "7.1.log");
        File.ReadAllText(Path.Combine(folder.Path, "7.1.log")).Should().StartWith("== 7, start 2, on ");
    }

    [Fact]
    public void A_line_that_fails_ends_the_job_by_name_before_the_program_is_started()
    {
        using var folder = new TemporaryFolder();
        var profile = new SlurmProfile { Setup = ["true", "cd /nowhere/at/all", "echo too far"] };
        string text = new SlurmScript(profile, "n", folder.Path, new ProgramStart(["/bin/echo"], [])).OfReport([
            "started",
        ]);
        Bash(folder, text, ("SLURM_JOB_ID", "7")).Code.Should().NotBe(0);
        File.ReadAllText(Path.Combine(folder.Path, "7.0.log"))
            .Should()
            .Contain("The line that makes the node ready failed: cd /nowhere/at/all")
            .And.NotContain("too far")
            .And.NotContain("started");
    }

    [Fact]
    public void The_program_is_started_by_the_dotnet_that_runs_it_now_and_not_built_again()
    {
        ProgramStart here = ProgramStart.Here();
        here.Words.Should().HaveCount(2).And.OnlyContain(w => Path.IsPathRooted(w) && File.Exists(w));
        Path.GetFileName(here.Words[0]).Should().Be("dotnet");
        Path.GetFileName(here.Words[1]).Should().Be("Pipelines.Host.dll");
        here.Environment.Should().ContainSingle().Which.Name.Should().Be("DOTNET_ROOT");
    }

    [Fact]
    public void A_program_that_brings_its_runtime_is_started_as_itself()
    {
        using var folder = new TemporaryFolder();
        string own = Path.Combine(folder.Path, "Pipelines.Host");
        ProgramStart.Of(folder.Path, own, folder.Path).Words.Should().Equal(own);
        File.WriteAllText(own, "");
        File.WriteAllText(own + ".dll", "");
        ProgramStart.Of(folder.Path, own, folder.Path + "/").Words.Should().Equal(own);
    }

    private static (int Id, int Code) Bash(
        TemporaryFolder folder,
        string text,
        params (string Name, string Value)[] variables
    )
    {
        string script = Path.Combine(folder.Path, "script.sh");
        File.WriteAllText(script, text);
        var info = new ProcessStartInfo("bash") { WorkingDirectory = folder.Path };
        info.ArgumentList.Add(script);
        info.Environment.Remove("SLURM_RESTART_COUNT");
        foreach (var (name, value) in variables)
        {
            info.Environment[name] = value;
        }

        using Process process = Process.Start(info)!;
        process.WaitForExit();
        return (process.Id, process.ExitCode);
    }
}
