using System.Runtime.CompilerServices;
using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>The specs in experiments/.</summary>
public sealed class ReadySpecTests
{
    private static readonly string[] PublishedModels =
    [
        "llava-1.5-7b-hf",
        "llava-1.5-13b-hf",
        "llava-v1.6-vicuna-7b-hf",
        "llava-v1.6-vicuna-13b-hf",
        "llava-v1.6-mistral-7b-hf",
        "llama3-llava-next-8b-hf",
        "llava-v1.6-34b-hf",
        "InternVL2_5-1B",
        "InternVL2_5-2B",
        "InternVL2_5-4B",
        "InternVL2_5-8B",
        "InternVL3-1B",
        "InternVL3-2B",
        "InternVL3-8B",
        "InternVL3-14B",
        "InternVL3_5-1B",
        "InternVL3_5-2B",
        "InternVL3_5-4B",
        "InternVL3_5-8B",
        "InternVL3_5-1B-HF",
        "InternVL3_5-2B-HF",
        "InternVL3_5-4B-HF",
        "InternVL3_5-8B-HF",
        "Qwen2-VL-2B-Instruct",
        "Qwen2-VL-7B-Instruct",
        "Qwen2.5-VL-3B-Instruct",
        "Qwen2.5-VL-7B-Instruct",
        "Qwen3-VL-2B-Instruct",
        "Qwen3-VL-4B-Instruct",
        "Qwen3-VL-8B-Instruct",
        "llava-onevision-qwen2-0.5b-ov-hf",
        "llava-onevision-qwen2-7b-ov-hf",
        "gemma-3-4b-it",
        "gemma-3-12b-it",
        "SmolVLM2-256M-Video-Instruct",
        "SmolVLM2-500M-Video-Instruct",
        "SmolVLM2-2.2B-Instruct",
        "Idefics3-8B-Llama3",
    ];

    public static TheoryData<string> Files => [.. Names()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_ready_spec_is_read_without_an_error_and_is_named_as_its_file(string file)
    {
        ReadResult result = Read(file);
        result.Errors.Should().BeEmpty();
        result.Name.Should().Be(Path.GetFileNameWithoutExtension(file));
    }

    [Fact]
    public void Each_published_model_has_one_spec_with_coco_and_llava_7b_one_with_domainnet()
    {
        var experiments = Names().Select(Read).SelectMany(r => r.Experiments).ToList();
        string[] Models<TData>() =>
            [.. experiments.Where(e => e.Data is TData).Select(e => Path.GetFileName(e.Model.Path.Full)).Distinct()];
        Models<CocoData>().Should().Contain(PublishedModels);
        Models<DomainNetData>().Should().Contain("llava-1.5-7b-hf");
    }

    [Fact]
    public void The_published_settings_stand_in_the_main_spec_of_every_published_model()
    {
        string[] main =
        [
            .. Names()
                .Where(n =>
                    n.EndsWith("-coco.yaml", StringComparison.Ordinal)
                    || n.EndsWith("-domainnet.yaml", StringComparison.Ordinal)
                ),
        ];
        main.Should().HaveCount(PublishedModels.Length + 1, "each has one, and LLaVA one with DomainNet");
        foreach (Experiment experiment in main.Select(Read).SelectMany(r => r.Experiments))
        {
            PublishedModels.Should().Contain(Path.GetFileName(experiment.Model.Path.Full));
            var stages = experiment.Stages.Select(s => s.Spec).ToList();
            stages
                .OfType<SampleMasksSpec>()
                .Should()
                .OnlyContain(m => m.Count == 10_000 && m.Ablate == 0.75, experiment.Name);
            stages
                .OfType<CollectMeanKvSpec>()
                .Should()
                .OnlyContain(b => b.Images == 100 && b.Kind == BaselineKind.Mean, experiment.Name);
            stages
                .OfType<AnswerQuestionsSpec>()
                .Should()
                .OnlyContain(a => a.Keep == (experiment.Data is DomainNetData ? 300 : 200), experiment.Name);
        }
    }

    private static IEnumerable<string> Names() =>
        Directory
            .EnumerateFiles(Folder(), "*.yaml")
            .Select(f => Path.GetFileName(f))
            .Where(f => f != "slurm-profile.yaml") // what is asked of a cluster: tests/Host.Tests/Slurm/ProfileTests.cs
            .Order(StringComparer.Ordinal);

    private static ReadResult Read(string file) =>
        ExperimentReader.Read(
            Path.Combine(Folder(), file),
            environment: new Dictionary<string, string>(),
            paths: PathRule.MayBeMissing
        );

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "experiments"));
}
