using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What lies in a run's folder is what was found last, whole, whoever else is at work.</summary>
public sealed class PublishingTests
{
    [Fact]
    public void Other_labels_change_tables_and_page_without_a_run_of_the_model()
    {
        using var experiment = SmallExperiment.AfterRun();
        string labels = experiment.CopyAnnotations();
        string[] options = ["--set", $"data.annotations={labels}"];
        experiment.Run(options);
        var before = experiment.StoredKeys();
        string samples = File.ReadAllText(Path.Combine(experiment.RunFolder, "tables", "samples.csv"));
        string category = samples.Split('\n')[1].Split(',')[2];
        string pattern = $"(\"name\":\\s*\"){category}\"";
        File.WriteAllText(
            labels,
            System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(labels), pattern, $"$1{category}s\"")
        );
        experiment.Run(options).Should().Contain("labels and verdicts");
        experiment
            .StoredKeys()
            .Where(k => k.Value.Count != before[k.Key].Count)
            .Select(k => k.Key)
            .Should()
            .Equal("report");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "tables", "samples.csv"))
            .Should()
            .Contain($",{category}s,")
            .And.NotBe(samples);
    }

    [Fact]
    public void A_published_file_that_is_gone_comes_back()
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        File.Delete(Path.Combine(experiment.RunFolder, "report.html"));
        File.Delete(Path.Combine(experiment.RunFolder, "tables", "fits.csv"));
        experiment.Run().Should().Contain("Nothing to do");
        experiment.TableBytes().Should().Equal(tables);
        File.Exists(Path.Combine(experiment.RunFolder, "report.html")).Should().BeTrue();
    }

    [Fact]
    public async Task Several_processes_may_publish_one_run_at_the_same_time()
    {
        using var experiment = SmallExperiment.AfterRun();
        var tables = experiment.TableBytes();
        for (int round = 0; round < 2; round++)
        {
            File.Delete(Path.Combine(experiment.RunFolder, "SHA256SUMS"));
            Process[] processes = [.. Enumerable.Range(0, 3).Select(_ => HostProcess.Start(experiment.Arguments()))];
            var outputs = processes
                .Select(p => Task.WhenAll(p.StandardOutput.ReadToEndAsync(), p.StandardError.ReadToEndAsync()))
                .ToList();
            foreach (Process process in processes)
            {
                await process.WaitForExitAsync();
            }

            string[][] texts = await Task.WhenAll(outputs);
            processes.Should().OnlyContain(p => p.ExitCode == 0, string.Join('\n', texts.SelectMany(t => t)));
            Array.ForEach(processes, p => p.Dispose());
            experiment.TableBytes().Should().Equal(tables);
        }
    }

    [Fact]
    public void Units_in_use_are_listed_once_however_often_a_run_is_repeated()
    {
        using var experiment = SmallExperiment.AfterRun();
        string[] units = File.ReadAllLines(Path.Combine(experiment.RunFolder, "units.txt"));
        experiment.Run();
        File.ReadAllLines(Path.Combine(experiment.RunFolder, "units.txt"))
            .Should()
            .Equal(units)
            .And.OnlyHaveUniqueItems();
    }

    [Fact]
    public void Pictures_whose_names_look_alike_as_file_names_are_kept_apart()
    {
        using var experiment = new SmallExperiment();
        string pictures = experiment.FolderOfPictures("my cat.jpg", "my-cat.jpg", "sub_a.jpg", "ü.jpg");
        File.WriteAllText(
            experiment.Spec,
            $$"""
            name: small
            model: { path: {{experiment.Model}}, device: cpu }
            data: { kind: folder, images: {{pictures}} }
            stages:
              answers: { stage: answer-questions, keep: 4 }
              baseline: { stage: collect-mean-kv, images: 4 }
              masks: { stage: sample-masks, count: 20 }
              forward: { stage: forward-passes }
              experiment: { stage: regress }
              report: { stage: report }
              again: { stage: report }

            """
        );
        string said = experiment.Run();
        Directory.EnumerateFiles(Path.Combine(experiment.RunFolder, "tables", "forward")).Should().HaveCount(4);
        foreach (string report in new[] { "report", "again" })
        {
            string folder = Path.Combine(experiment.RunFolder, report),
                page = Path.Combine(folder, "report.html");
            said.Should().MatchRegex($@"{report} +{Regex.Escape(page)}", "there are two reports");
            string[] files =
            [
                .. Regex
                    .Matches(File.ReadAllText(page), "href=\"([^\"#:]+)\"")
                    .Select(m => Uri.UnescapeDataString(m.Groups[1].Value)),
            ];
            files.Should().HaveCountGreaterThan(5).And.OnlyContain(f => Path.Exists(Path.Combine(folder, f)));
        }
    }
}
