using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>What is submitted and cancelled, and what is said where the cluster refuses.</summary>
public sealed class SubmissionTests : IDisposable
{
    private readonly FakeSlurm slurm = new();
    private readonly SmallExperiment experiment = new();

    public void Dispose()
    {
        slurm.Dispose();
        experiment.Dispose();
    }

    [Fact]
    public void Arrays_wait_for_each_other_however_they_end_and_the_report_for_the_last()
    {
        var (code, output, errors) = Submit("--chain", "2");
        code.Should().Be(0, errors);
        slurm
            .Calls.Where(c => c.StartsWith("sbatch", StringComparison.Ordinal))
            .Should()
            .Equal(
                "sbatch --parsable array.sh",
                "sbatch --parsable --dependency=afterany:101 array.sh",
                "sbatch --parsable --dependency=afterany:102 array.sh",
                "sbatch --parsable --dependency=afterany:103 report.sh"
            );
        output
            .Should()
            .Contain(
                "Submitted: 101 (array, 4 jobs), 102 (follow-up 1, 4 jobs), 103 (follow-up 2, 4 jobs), 104 (report)."
            )
            .And.Contain($" cancel {experiment.Spec} --artifacts {experiment.Artifacts}\n");
        string folder = Directory
            .GetDirectories(Path.Combine(experiment.RunFolder, "slurm"))
            .Should()
            .ContainSingle()
            .Which;
        File.ReadAllText(Path.Combine(folder, "array.sh"))
            .Should()
            .Contain("#SBATCH --array=0-3\n")
            .And.MatchRegex(
                $"\nexec \\S+/dotnet \\S+/Pipelines.Host.dll run {experiment.Spec} --artifacts {experiment.Artifacts} "
                    + "--threads 1 --settings [0-9a-f]{64} --worker\n$"
            );
        File.ReadAllText(Path.Combine(folder, "report.sh")).Should().NotContain("--worker").And.NotContain("--array");
        slurm.Run(["status", .. Arguments()]).Output.Should().MatchRegex(@"Jobs submitted \S+ \S+Z to fake, logs in ");
    }

    [Fact]
    public void The_command_lines_settings_reach_the_jobs_which_begin_where_it_was_given()
    {
        string spec = Path.GetRelativePath(HostProcess.RepositoryRoot, experiment.Spec),
            artifacts = Path.GetRelativePath(HostProcess.RepositoryRoot, experiment.Artifacts);
        slurm
            .Run(
                [],
                [
                    "run",
                    spec,
                    "--artifacts",
                    artifacts,
                    "--executor",
                    "slurm",
                    "--set",
                    "prompt=What's this?",
                    "--set",
                    "name=other",
                    "--keep-going",
                    "--stale",
                    "30min",
                    "--jobs",
                    "2",
                    "--profile",
                    Profile("{ cpus: 3, time: '30', stage_weights: '${TMPDIR}/w' }"),
                ]
            )
            .Code.Should()
            .Be(0);
        string folder = Directory.GetDirectories(Path.Combine(experiment.Artifacts, "runs", "other", "slurm")).Single();
        File.ReadAllText(Path.Combine(folder, "array.sh"))
            .Should()
            .Contain($"\ncd -- {HostProcess.RepositoryRoot}\n")
            .And.MatchRegex(
                Regex.Escape(
                    $" run {spec} --set 'prompt=What'\\''s this?' --set name=other --artifacts {experiment.Artifacts} "
                        + "--jobs 2 --threads 3 --stale 1800s --keep-going --time-limit 30 "
                        + "--stage-weights '${TMPDIR}/w' --settings "
                ) + "[0-9a-f]{64} --worker\n$"
            );
    }

    [Fact]
    public void What_jobs_computed_is_all_that_the_command_which_submitted_them_asks_for()
    {
        string[] words =
        [
            "run",
            Path.GetRelativePath(HostProcess.RepositoryRoot, experiment.Spec),
            "--artifacts",
            experiment.Artifacts,
        ];
        slurm.Run([.. words, "--executor", "slurm"]).Code.Should().Be(0);
        string folder = SubmissionFolder();
        var start = new ProcessStartInfo("bash") { WorkingDirectory = folder };
        start.ArgumentList.Add("report.sh");
        start.Environment["SLURM_JOB_ID"] = "104";
        using Process job = Process.Start(start)!;
        job.WaitForExit();
        job.ExitCode.Should().Be(0, File.ReadAllText(Path.Combine(folder, "logs", "104.0.log")));
        slurm.Run(words).Output.Should().Contain("Nothing to do");
    }

    [Fact]
    public void A_job_refuses_a_spec_that_would_compute_something_else_than_was_submitted()
    {
        Submit().Code.Should().Be(0);
        string text = File.ReadAllText(experiment.Spec);
        string[] worker = WordsIn("array.sh"),
            report = WordsIn("report.sh");
        foreach (string[] words in (string[][])[worker, report])
        {
            Edited(text.Replace("seed: 3", "seed: 4", StringComparison.Ordinal));
            var (code, _, errors) = HostProcess.Run(words);
            code.Should().Be(2);
            errors
                .Should()
                .StartWith(
                    $"{experiment.Spec}: the spec was changed after this job was submitted: it would compute something "
                        + "else. Undo the change, or cancel its jobs and submit it again"
                );
            Edited(text.Replace("seed: 3", "seed: x", StringComparison.Ordinal));
            (code, _, errors) = HostProcess.Run(words);
            code.Should().Be(2);
            errors
                .Should()
                .Contain("seed: 'x' is not")
                .And.Contain("this job was submitted when the spec had no error. Undo the change, or submit again.");
        }

        Directory.Exists(experiment.Artifacts + "/cache").Should().BeFalse();
        Edited("# A word that changes nothing\n" + text);
        HostProcess.Run(worker).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Other_settings_under_a_name_whose_jobs_are_in_the_queue_are_not_submitted()
    {
        Submit().Code.Should().Be(0);
        slurm.Queue("101_0|COMPLETED|n1|None", "101_1|RUNNING|n1|None", "102|PENDING||Dependency");
        var (code, _, errors) = Submit("--set", "seed=4");
        code.Should().Be(2);
        errors
            .Should()
            .Contain("jobs of the same name with other settings are still in the queue: 101 (array, 4 jobs), 102")
            .And.Contain("Nothing was submitted. Name this run otherwise (--set name=OTHER), wait, or end them: ")
            .And.Contain($" cancel {experiment.Spec} --set seed=4 --artifacts {experiment.Artifacts}\n");
        Submissions().Should().HaveCount(1);
        Submit().Code.Should().Be(0, "the same settings compute nothing twice");
        Submit("--set", "seed=4", "--set", "name=other").Code.Should().Be(0);
        slurm.Queue("101_1|FAILED|n1|None", "103_0|COMPLETED|n1|None");
        Submit("--set", "seed=4").Code.Should().Be(0);
    }

    [Theory]
    [InlineData("a%j", "it reads '%' in a path as a part of a pattern")]
    [InlineData("100%", "it reads '%' in a path as a part of a pattern")]
    [InlineData("a\\b", "it reads '\\' in a path as a part of a pattern")]
    public void A_folder_that_Slurm_takes_for_a_pattern_is_refused_before_anything_is_submitted(
        string name,
        string error
    )
    {
        string odd = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, name),
            link = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "plain");
        Directory.CreateDirectory(odd);
        File.CreateSymbolicLink(link, odd);
        foreach (string artifacts in (string[])[odd, Path.Combine(link, "new")])
        {
            var (code, _, errors) = slurm.Run([
                "run",
                experiment.Spec,
                "--artifacts",
                artifacts,
                "--executor",
                "slurm",
            ]);
            code.Should().Be(2);
            errors.Should().Contain(error).And.Contain("Name another folder with --artifacts");
        }

        slurm.Calls.Should().BeEmpty();
    }

    [Fact]
    public void The_libtorch_that_is_named_here_is_named_to_jobs_before_their_setup()
    {
        string[] words = ["run", .. Arguments(), "--executor", "slurm", "--dry-run"];
        slurm
            .Run([("LIBTORCH", "/opt/my torch")], [.. words, "--profile", Profile("setup: module load x")])
            .Output.Should()
            .Contain("\nexport LIBTORCH='/opt/my torch'\nmodule load x\n");
        slurm.Run([("LIBTORCH", "")], words).Output.Should().NotContain("LIBTORCH");
    }

    [Fact]
    public void A_job_that_is_refused_takes_those_before_it_back_in_one_call_and_is_told_in_sbatchs_words()
    {
        slurm.Write(
            "sbatch",
            """
            n=$((100 + $(grep -c '^sbatch' "$CALLS")))
            [ $n -lt 103 ] && { echo $n; exit; }
            echo 'sbatch: error: AssocMaxSubmitJobLimit' >&2
            echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy' >&2
            exit 1
            """
        );
        var (code, _, errors) = Submit("--chain", "3");
        code.Should().Be(1);
        errors
            .Should()
            .Contain("AssocMaxSubmitJobLimit")
            .And.Contain("Job violates accounting/QOS policy. What was submitted before is cancelled: 101, 102.");
        slurm.Calls[^1].Should().Be("scancel 101 102");
    }

    [Fact]
    public void What_cannot_be_taken_back_is_named()
    {
        slurm.Write("sbatch", "[ -z \"$3\" ] && { echo 101; exit; }; echo 'sbatch: error: no' >&2; exit 1");
        slurm.Write("scancel", "echo 'scancel: error: nobody there' >&2; exit 1");
        var (code, _, errors) = Submit();
        code.Should().Be(1);
        errors.Should().Contain("nobody there").And.Contain("scancel 101 does it");
    }

    [Theory]
    [InlineData("echo 'Submitted batch job'", "sbatch answered 'Submitted batch job', which is no job's number.")]
    [InlineData("exit 3", "sbatch ended with 3, and said nothing. Nothing was submitted.")]
    public void An_answer_that_is_no_number_is_an_error(string body, string error)
    {
        slurm.Write("sbatch", body);
        var (code, _, errors) = Submit();
        code.Should().Be(1);
        errors.Should().Contain(error);
    }

    [Fact]
    public void A_sites_own_words_and_a_clusters_name_do_not_hide_the_number()
    {
        slurm.Write("sbatch", "echo 'Welcome!'; echo '77;main'");
        Submit().Output.Should().Contain("Submitted: 77 (array, 4 jobs)");
    }

    [Theory]
    [InlineData("9", 9, "The cluster takes 9 jobs an array: so many are submitted, not 40.")]
    [InlineData("40", 40, null)]
    public void The_limit_on_arrays_is_one_more_than_the_largest_index(string limit, int size, string? said)
    {
        slurm.Write("scontrol", $"echo 'MaxArraySize            = {limit}'");
        string output = Submit("--profile", Profile("array_size: 40")).Output;
        output.Should().Contain($"(array, {size} jobs)");
        output.Contains("The cluster takes", StringComparison.Ordinal).Should().Be(said is not null);
        string folder = Directory.GetDirectories(Path.Combine(experiment.RunFolder, "slurm")).Single();
        File.ReadAllText(Path.Combine(folder, "array.sh")).Should().Contain($"--array=0-{size - 1}\n");
    }

    [Fact]
    public void A_cluster_without_arrays_is_told()
    {
        slurm.Write("scontrol", "echo 'MaxArraySize            = 0'");
        var (code, _, errors) = Submit();
        (code, errors).Should().Be((1, "this cluster takes no job arrays (MaxArraySize is 0).\n"));
        Directory.Exists(Path.Combine(experiment.RunFolder, "slurm")).Should().BeFalse();
    }

    [Fact]
    public void A_dry_run_prints_the_files_calls_nothing_and_leaves_nothing()
    {
        var (code, output, _) = Submit("--dry-run", "--chain", "1");
        code.Should().Be(0);
        output
            .Should()
            .Contain("/array.sh\n#!/bin/bash\n")
            .And.Contain("/report.sh\n#!/bin/bash\n")
            .And.EndWith(
                """
                sbatch --parsable array.sh
                sbatch --parsable --dependency=afterany:NUMBER-OF-ARRAY array.sh
                sbatch --parsable --dependency=afterany:NUMBER-OF-FOLLOW-UP-1 report.sh

                """
            );
        slurm.Calls.Should().BeEmpty();
        Directory.Exists(experiment.Artifacts).Should().BeFalse();
    }

    [Fact]
    public void Inside_of_a_job_nothing_of_Slurm_is_called()
    {
        foreach (
            string[] words in (string[][])
                [
                    ["run", .. Arguments(), "--executor", "slurm"],
                    ["cancel", .. Arguments()],
                ]
        )
        {
            if (words[0] == "cancel")
            {
                Submit().Code.Should().Be(0);
            }

            int before = slurm.Calls.Length;
            var (code, _, errors) = slurm.Run([("SLURM_JOB_ID", "4711")], words);
            code.Should().Be(2);
            errors.Should().Contain("this shell belongs to job 4711, and Slurm is not called from inside of jobs");
            slurm.Calls.Should().HaveCount(before);
        }
    }

    [Fact]
    public void Where_there_is_no_Slurm_that_is_said()
    {
        slurm.Remove("scontrol");
        var (code, _, errors) = Submit();
        code.Should().Be(2);
        errors.Should().Contain("scontrol: this program of Slurm is not found here. Do it on a login node");
    }

    [Theory]
    [InlineData("--profile FILE", "--profile is of use only with --executor slurm.")]
    [InlineData("--chain 2", "--chain is of use only with --executor slurm.")]
    [InlineData("--dry-run", "--dry-run is of use only with --executor slurm.")]
    [InlineData("--executor slrum", "--executor: 'slrum' is neither local nor slurm (did you mean slurm?).")]
    [InlineData("--executor slurm --worker", "--worker is what the submitted jobs are. Leave it out.")]
    [InlineData("--executor slurm --chain -1", "--chain must be 0 to 100.")]
    [InlineData("--executor slurm --time-limit 30", "--time-limit is said to workers by the profile")]
    [InlineData("--time-limit 2x", "--time-limit: '2x' is no time: write 150s, 10min or 2h, or minutes, hours:minutes")]
    public void Options_that_do_not_go_together_are_refused(string words, string error)
    {
        var (code, _, errors) = HostProcess.Run(["run", .. Arguments(), .. words.Split(' ')]);
        code.Should().Be(2);
        errors.Should().Contain(error);
    }

    [Fact]
    public void A_wrong_profile_or_spec_is_told_before_anything_is_submitted()
    {
        var (code, _, errors) = Submit("--profile", Profile("array_size: none"));
        code.Should().Be(2);
        errors
            .Should()
            .Contain(":1:13: array_size: 'none' is not a whole number")
            .And.Contain("    1 | array_size: none");
        Submit("--set", "stages.masks.count=-1").Code.Should().Be(2);
        slurm.Calls.Should().BeEmpty();
    }

    [Fact]
    public void Cancel_ends_what_is_in_the_queue_of_all_submissions_in_one_call()
    {
        Submit("--chain", "1");
        Submit();
        slurm.Queue(
            "101_0|COMPLETED|n1|None",
            "101_1|FAILED|n1|NonZeroExitCode",
            "102_0|RUNNING|n1|None",
            "102_1|PENDING||Resources",
            "103|PENDING||Dependency",
            "104_0|PENDING||Priority",
            "105|PENDING||x"
        );
        var (code, output, errors) = slurm.Run(["cancel", .. Arguments()]);
        code.Should().Be(0, errors);
        slurm.Calls[^1].Should().Be("scancel 102 103 104 105");
        output
            .Should()
            .StartWith("Cancelled: 102 (follow-up 1, 4 jobs), 103 (report), 104 (array, 4 jobs), 105 (report).");
    }

    [Fact]
    public void Cancel_leaves_a_job_that_has_the_number_of_one_of_ours()
    {
        Submit();
        slurm.Write(
            "squeue",
            "echo '101_0|RUNNING|n1|None|/home/else/work'; echo \"102|PENDING||x|$(<\"$CALLS.102\")\""
        );
        string output = slurm.Run(["cancel", .. Arguments()]).Output;
        output
            .Should()
            .Contain("Left alone, for the numbers now belong to other jobs: 101 (array, 4 jobs).\n")
            .And.Contain("Cancelled: 102 (report).");
        slurm.Calls[^1].Should().Be("scancel 102");
        // Two of ours may have had it, one after the other: it is the later's
        slurm.Write(
            "sbatch",
            "n=$((100 + $(grep -c '--parsable' \"$CALLS\") % 2)); echo \"$PWD\" >\"$CALLS.$n\"; echo $n"
        );
        Submit();
        slurm.Queue("101_0|RUNNING|n1|None");
        slurm.Run(["cancel", .. Arguments()]).Output.Should().StartWith("Cancelled: 101 (array, 4 jobs).");
    }

    [Fact]
    public void Cancel_tells_where_nothing_is_left_nothing_was_submitted_or_it_is_refused()
    {
        var (code, _, errors) = slurm.Run(["cancel", .. Arguments()]);
        code.Should().Be(2);
        errors.Should().Contain("nothing of small was submitted");
        Submit();
        slurm.Write("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
        slurm.Run(["cancel", .. Arguments()]).Output.Should().Contain("there is nothing to cancel");
        slurm.Queue("101_0|RUNNING|n1|None");
        slurm.Write("scancel", "echo 'scancel: error: Access/permission denied' >&2; exit 1");
        (code, _, errors) = slurm.Run(["cancel", .. Arguments()]);
        (code, errors).Should().Be((1, "scancel refused: scancel: error: Access/permission denied\n"));
        slurm.Write("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1");
        (code, _, errors) = slurm.Run(["cancel", .. Arguments()]);
        (code, errors).Should().Be((1, "squeue refused: slurm_load_jobs error: Unable to contact slurm controller\n"));
    }

    [Fact]
    public void Defaults_of_a_persons_own_do_not_stand_above_what_the_script_says()
    {
        slurm.Write("sbatch", "compgen -v | grep ^SBATCH_ >>\"$CALLS\"; echo 101");
        slurm.Run(
            [
                ("SBATCH_ARRAY_INX", "0-99"),
                ("SBATCH_TIMELIMIT", "1"),
                ("SBATCH_OUTPUT", "/dev/null"),
                ("SBATCH_NO_REQUEUE", "1"),
                ("SBATCH_ACCOUNT", "mine"),
            ],
            ["run", .. Arguments(), "--executor", "slurm", "--profile", Profile("time: 10")]
        );
        slurm
            .Calls.Where(c => c.StartsWith("SBATCH", StringComparison.Ordinal))
            .Distinct()
            .Should()
            .Equal("SBATCH_ACCOUNT");
    }

    private string[] Submissions() => Directory.GetDirectories(Path.Combine(experiment.RunFolder, "slurm"));

    private string SubmissionFolder() => Submissions().Should().ContainSingle().Which;

    private void Edited(string text) => File.WriteAllText(experiment.Spec, text);

    /// <summary>The program's words in a script, none of which holds a blank here.</summary>
    private string[] WordsIn(string script) =>
        File.ReadAllLines(Path.Combine(SubmissionFolder(), script))[^1].Split(".dll ")[1].Split(' ');

    private string[] Arguments() => [experiment.Spec, "--artifacts", experiment.Artifacts];

    private (int Code, string Output, string Errors) Submit(params string[] more) =>
        slurm.Run(["run", .. Arguments(), "--executor", "slurm", .. more]);

    private string Profile(string text)
    {
        string file = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "profile.yaml");
        File.WriteAllText(file, text);
        return file;
    }
}
