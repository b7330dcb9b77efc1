using FluentAssertions;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What a run's folder holds is whole and of one run, or is not taken for it.</summary>
public sealed class RunFolderTests
{
    [Fact]
    public void Plan_explain_and_diff_write_nothing()
    {
        using var experiment = new SmallExperiment();
        foreach (
            string[] command in new[]
            {
                ["plan", .. experiment.Arguments()],
                new[] { "explain", "answers", "--spec", experiment.Spec, "--artifacts", experiment.Artifacts },
            }
        )
        {
            HostProcess.Run(command).ExitCode.Should().Be(0);
            Directory.Exists(experiment.Artifacts).Should().BeFalse(string.Join(' ', command));
        }

        experiment.Run().Should().Contain($"artifacts: {experiment.Artifacts}", "the folder is made");
        experiment.Run().Should().NotContain("artifacts: ");
        File.Delete(Path.Combine(experiment.Artifacts, "cache", "digests.json"));
        string[] before = Listing(experiment.Artifacts);
        HostProcess.Run(["plan", .. experiment.Arguments()]).Output.Should().Contain("0 missing");
        HostProcess
            .Run(["diff", "small", "small", "--artifacts", experiment.Artifacts])
            .Output.Should()
            .Contain("--out FILE");
        Damage(
            Directory
                .EnumerateFiles(
                    Path.Combine(experiment.Artifacts, "cache", "regress"),
                    "*.parquet",
                    SearchOption.AllDirectories
                )
                .First()
        );
        before = Listing(experiment.Artifacts);
        HostProcess
            .Run(["plan", "--verify", .. experiment.Arguments()])
            .Output.Should()
            .Contain("a run sets it aside")
            .And.Contain("attribution (regress): 1 cached, 1 missing");
        Listing(experiment.Artifacts).Should().Equal(before);
    }

    [Fact]
    public void Tables_of_an_older_run_never_stand_beside_the_settings_of_a_newer_one()
    {
        using var experiment = SmallExperiment.AfterRun();
        string tables = Path.Combine(experiment.RunFolder, "tables"),
            page = Path.Combine(experiment.RunFolder, "report.html");
        HostProcess
            .Run(experiment.Arguments("--set", "stages.forward.min_gap=900"))
            .ExitCode.Should()
            .Be(2, "no sample is left");
        Directory
            .EnumerateFiles(tables)
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Distinct()
            .Should()
            .Equal(["samples"], "a run that is refused leaves its answers");
        File.Exists(page).Should().BeFalse();
        File.ReadAllText(Path.Combine(experiment.RunFolder, "experiment.yaml")).Should().Contain("900");
        experiment.Run().Should().Contain("Nothing to do", "what was computed is stored");
        Directory.Exists(tables).Should().BeTrue();
    }

    [Fact]
    public void Checksums_are_those_of_the_files_as_sha256sum_reads_them()
    {
        using var experiment = SmallExperiment.AfterRun();
        string[] lines = File.ReadAllLines(Path.Combine(experiment.RunFolder, "SHA256SUMS"));
        string[] listed = [.. lines.Where(l => l[0] != '#').Select(l => l[66..])];
        listed.Should().Contain(["experiment.yaml", "report.html", "tables/fits.parquet", "tables/fits.csv"]);
        foreach (string line in lines.Where(l => l[0] != '#'))
        {
            FileDigests.Compute(Path.Combine(experiment.RunFolder, line[66..])).Should().Be(line[..64]);
        }

        PublishedFiles.Read(experiment.RunFolder)!.IsWhole().Should().BeTrue();
    }

    [Fact]
    public void A_damaged_file_of_a_run_is_written_again_by_the_next()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1, masks: 20);
        string part = Directory.EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", "forward")).First();
        (string File, Action<string> Damage)[] damages =
        [
            .. new[]
            {
                "experiment.yaml",
                "tables/fits.parquet",
                "tables/fits.csv",
                "report.html",
                "SHA256SUMS",
                "units.txt",
            }.Select(f => (f, (Action<string>)Damage)),
            ("experiment.yaml", CutAtALine),
            ("SHA256SUMS", CutAtALine),
            ("units.txt", p => File.WriteAllText(p, "")),
            (Path.GetRelativePath(experiment.RunFolder, part), FileInPlaceOfLink),
            (Path.GetRelativePath(experiment.RunFolder, part), File.Delete),
        ];
        foreach (var (file, damage) in damages)
        {
            string path = Path.Combine(experiment.RunFolder, file),
                whole = FileDigests.Compute(path);
            damage(path);
            experiment.Run().Should().Contain("Nothing to do");
            FileDigests.Compute(path).Should().Be(whole, file);
        }
    }

    [Fact]
    public void Settings_that_were_cut_short_and_still_parse_are_refused_wherever_the_cut_falls()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1, masks: 20);
        string path = Path.Combine(experiment.RunFolder, "experiment.yaml"),
            text = File.ReadAllText(path);
        string[] lines = text.Split('\n');
        int[] cuts =
        [
            .. Enumerable
                .Range(1, lines.Length - 1)
                .Where(n => n % 40 == 0 || lines[n - 1].StartsWith("  report", StringComparison.Ordinal)),
            lines.Length - 2,
        ];
        foreach (int cut in cuts)
        {
            File.WriteAllText(path, string.Join('\n', lines[..cut]) + "\n");
            var (code, output, errors) = HostProcess.Run("diff", "small", "small", "--artifacts", experiment.Artifacts);
            code.Should().Be(2, output);
            errors.Should().Contain(path).And.Contain("does not hold the settings of a run").And.NotContain("   at ");
        }
    }

    [Fact]
    public void Gc_refuses_to_take_a_cut_list_of_units_for_the_whole()
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1, masks: 20);
        string units = Path.Combine(experiment.RunFolder, "units.txt");
        var stored = experiment.StoredKeys();
        foreach (
            Action<string> damage in new Action<string>[] { CutAtALine, p => File.WriteAllText(p, ""), File.Delete }
        )
        {
            damage(units);
            var (code, output, errors) = HostProcess.Run("gc", "--artifacts", experiment.Artifacts);
            code.Should().Be(2, output);
            errors.Should().Contain(units).And.Contain("Nothing was removed").And.NotContain("   at ");
            experiment.StoredKeys().Should().BeEquivalentTo(stored);
        }

        experiment.Run();
        HostProcess.Run("gc", "--artifacts", experiment.Artifacts).ExitCode.Should().Be(0);
        experiment.StoredKeys().Should().BeEquivalentTo(stored);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{\"x\":null}")]
    public void A_damaged_memory_of_digests_is_healed(string text)
    {
        using var experiment = SmallExperiment.AfterRun(samples: 1, masks: 20);
        string memory = Path.Combine(experiment.Artifacts, "cache", "digests.json");
        File.WriteAllText(memory, text);
        experiment.Run().Should().Contain("Nothing to do");
        File.ReadAllText(memory).Should().Contain("model.safetensors");
    }

    private static void FileInPlaceOfLink(string path)
    {
        File.Delete(path);
        File.WriteAllText(path, "P");
    }

    private static void Damage(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static void CutAtALine(string path)
    {
        string[] lines = File.ReadAllLines(path);
        File.WriteAllText(path, string.Concat(lines[..^1].Select(l => l + "\n")));
    }

    private static string[] Listing(string folder) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(f => $"{f} {File.GetLastWriteTimeUtc(f).Ticks}"),
        ];
}
