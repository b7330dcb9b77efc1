using System.Text;
using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Host.Running.Slurm;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>A profile is read as specs are: what is wrong, where, and what would be right.</summary>
public sealed class ProfileTests
{
    private const string Whole = """
        partition: gpu,long
        account: lab_7
        qos: normal
        time: 1-12:00:00
        gpus: a100:1
        cpus: 8
        memory: 64G
        constraint: "a100|h100"
        array_size: 16
        array_limit: 8
        setup: [module load cuda/12.8, "source '/opt/my env/bin/activate'"]
        sbatch: --exclude=n7
        stage_weights: ${TMPDIR:-/scratch}/models

        """;

    [Fact]
    public void Every_field_is_read()
    {
        SlurmProfile profile = Read(Whole).Value!;
        profile
            .Directives.Should()
            .Equal(
                ("partition", "gpu,long"),
                ("account", "lab_7"),
                ("qos", "normal"),
                ("time", "1-12:00:00"),
                ("gpus", "a100:1"),
                ("cpus-per-task", "8"),
                ("mem", "64G"),
                ("constraint", "a100|h100")
            );
        profile.ArraySize.Should().Be(16);
        profile.ArrayLimit.Should().Be(8);
        profile.Setup.Should().Equal("module load cuda/12.8", "source '/opt/my env/bin/activate'");
        profile.Sbatch.Should().Equal("--exclude=n7");
        profile.StageWeights.Should().Be("${TMPDIR:-/scratch}/models");
    }

    [Fact]
    public void The_profile_of_the_repository_is_read() =>
        SettingsReader
            .Read<SlurmProfile>(Path.Combine(WholeRuns.HostProcess.RepositoryRoot, "experiments", "slurm-profile.yaml"))
            .Errors.Should()
            .BeEmpty();

    [Fact]
    public void An_empty_mapping_is_a_profile_that_asks_for_nothing() =>
        Read("{}").Value!.Directives.Should().Equal(("cpus-per-task", "1"));

    [Theory]
    [InlineData("qos: normal", "qoss: normal", "p.yaml:3:1: unknown key 'qoss' (allowed: *; did you mean qos?)")]
    [InlineData("cpus: 8", "cpu: 8", "p.yaml:6:1: unknown key 'cpu' (allowed: *; did you mean cpus?)")]
    [InlineData("cpus: 8", "cpus: 0", "p.yaml:6:7: cpus: '0' is out of range (allowed: 1 to 4096)")]
    [InlineData("cpus: 8", "cpus: eight", "p.yaml:6:7: cpus: 'eight' is not a whole number (allowed: 1 to 4096)")]
    [InlineData("time: 1-12:00:00", "time: 12h", "p.yaml:4:7: time: '12h' is not a valid time (allowed: minutes, *)")]
    [InlineData("time: 1-12:00:00", "time: 0:00", "p.yaml:4:7: time: '0:00' is no time at all*")]
    [InlineData("memory: 64G", "memory: 64GB", "p.yaml:7:9: memory: '64GB' is not a valid memory (allowed: *32G)")]
    [InlineData("cpus: 8", "cpus:", "p.yaml:6:6: cpus: there is no value (allowed: a whole number; left out, it is 1)")]
    [InlineData("gpus: a100:1", "gpus: 1\ngres: gpu:1", "p.yaml:6:7: gres: gpus and gres both ask for devices*")]
    [InlineData("array_limit: 8", "array_limit: 17", "p.yaml:10:14: array_limit: 17 jobs at the same time are more*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --array=0-3", "p.yaml:12:9: sbatch: '--array' is set by this*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: -a 0-3", "p.yaml:12:9: sbatch: '-a' is set by this program*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --mem=3G", "p.yaml:12:9: sbatch: '--mem' is the field memory*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: -p gpu", "p.yaml:12:9: sbatch: '-p' is the field partition*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --arra=0-2", "p.yaml:12:9: sbatch: '--arra' is set by this program*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --tim=5", "p.yaml:12:9: sbatch: '--tim' is the field time*")]
    [InlineData(
        "sbatch: --exclude=n7",
        "sbatch: -n1 --array=0-9",
        "p.yaml:12:9: sbatch: * holds more than one option*"
    )]
    [InlineData("sbatch: --exclude=n7", "sbatch: --comment=a b", "p.yaml:12:9: sbatch: * has a blank in its value*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --comment a b", "p.yaml:12:9: sbatch: * has a blank in its value*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: -n1 2", "p.yaml:12:9: sbatch: * has a blank in its value*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: --clusters=a,b", "p.yaml:12:9: sbatch: * names several clusters*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: -M a,b", "p.yaml:12:9: sbatch: * names several clusters*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: -Mall", "p.yaml:12:9: sbatch: * names several clusters*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: exclude", "p.yaml:12:9: sbatch: 'exclude' is not a valid sbatch*")]
    [InlineData("sbatch: --exclude=n7", "sbatch: \"--exclude=n7\\nrm -r\"", "p.yaml:12:9: sbatch: *is not a valid*")]
    [InlineData("account: lab_7", "account: lab 7", "p.yaml:2:10: account: 'lab 7' is not a valid account*")]
    [InlineData("account: lab_7", "account: -x", "p.yaml:2:10: account: '-x' is not a valid account*")]
    [InlineData("stage_weights: $", "stage_weights: scratch/$", "p.yaml:13:16: stage_weights: *is not a valid*")]
    public void A_slip_is_told_with_its_place_and_what_would_be_right(string right, string wrong, string error)
    {
        string text = Whole.Replace(right, wrong, StringComparison.Ordinal);
        text.Should().NotBe(Whole);
        Read(text).Errors.Should().ContainSingle().Which.ToString().Should().Match(error);
    }

    [Theory]
    [InlineData("--comment=\"a b\"")]
    [InlineData("--comment='a -b'")]
    [InlineData("--comment 'a b'")]
    [InlineData("--exclude n7")]
    [InlineData("--exclude=n7 # it is slow")]
    [InlineData("-x n7")]
    [InlineData("-xn7,n8")]
    [InlineData("--clusters=small")]
    [InlineData("-M allegro")]
    [InlineData("--cluster-constraint=a,b")]
    public void A_line_that_sbatch_takes_as_one_option_is_taken(string line) =>
        Read($"sbatch: ['{line.Replace("'", "''", StringComparison.Ordinal)}']").Value!.Sbatch.Should().Equal(line);

    [Theory]
    [InlineData("", "p.yaml:1:1: the file is empty: a * is a mapping of its fields")]
    [InlineData("- a", "p.yaml:1:1: a list stands where a mapping is wanted: a profile is a mapping of its fields")]
    [InlineData("~", "p.yaml:1:1: the file holds no value: a profile is a mapping of its fields")]
    public void What_is_no_mapping_is_no_profile(string text, string error) =>
        Read(text).Errors.Should().ContainSingle().Which.ToString().Should().Match(error);

    [Fact]
    public void All_errors_are_told_at_once() => Read("a: 1\ncpus: 0\ntime: never\n").Errors.Should().HaveCount(3);

    [Fact]
    public void A_profile_that_is_not_there_names_the_one_beside_it()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "cluster.yaml"), "{}");
        SettingsReader
            .Read<SlurmProfile>(Path.Combine(folder.Path, "clutser.yaml"))
            .Errors.Should()
            .ContainSingle()
            .Which.Message.Should()
            .Contain("there is no such file")
            .And.Contain("did you mean 'cluster.yaml'?");
    }

    [Theory]
    [InlineData("90", 90 * 60)]
    [InlineData("1:30", 90)]
    [InlineData("4:00:00", 4 * 3600)]
    [InlineData("2-0", 48 * 3600)]
    [InlineData("1-12:30", (36 * 3600) + 1800)]
    [InlineData("1-0:0:1", 86401)]
    public void Times_are_those_that_Slurm_means(string text, int seconds) =>
        SlurmTime.Parse(text).Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("1:2:3:4")]
    [InlineData("1-")]
    [InlineData("-1")]
    [InlineData("1h")]
    [InlineData("1.5")]
    [InlineData("99999999999")]
    public void What_is_no_time_is_none(string text) => SlurmTime.Parse(text).Should().BeNull();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_profile_gives_a_profile_or_errors(int seed)
    {
        string[] pieces =
        [
            ":",
            "- ",
            "\n",
            "{",
            "}",
            "[",
            "\"",
            "'",
            "&a ",
            "*a",
            "|\n",
            "#",
            "~",
            "\0",
            "\uFEFF",
            "🐱",
        ];
        var random = new Random(seed);
        for (int i = 0; i < 1000; i++)
        {
            var text = new StringBuilder(Whole);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                if (random.Next(2) == 0)
                {
                    text.Insert(at, pieces[random.Next(pieces.Length)]);
                }
                else
                {
                    text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at));
                }
            }

            SettingsRead<SlurmProfile> read = Read(text.ToString());
            (read.Value is null).Should().Be(read.Errors.Count > 0);
            read.Errors.Where(e => e.Message.Any(char.IsControl)).Should().BeEmpty();
            if (read.Value is { } profile)
            {
                OneDirectiveALine(profile);
            }
        }
    }

    /// <summary>Nothing that a profile says gets out of its own line of the script.</summary>
    private static void OneDirectiveALine(SlurmProfile profile)
    {
        string[] lines =
        [
            .. new SlurmScript(profile, "n", "/logs", new ProgramStart(["/p"], []))
                .OfArray(2, ["run"])
                .Split('\n')
                .TakeWhile(l => l.StartsWith('#')),
        ];
        lines.Should().HaveCount(6 + profile.Directives.Count() + (profile.Sbatch?.Count ?? 0));
    }

    private static SettingsRead<SlurmProfile> Read(string text) => SettingsReader.Parse<SlurmProfile>(text, "p.yaml");
}
