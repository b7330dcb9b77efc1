using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

public sealed class ReadingTests
{
    [Fact]
    public void The_designs_example_is_read_with_defaults_where_it_says_nothing()
    {
        Experiment read = Specs.One(Specs.Quickstart);

        read.Name.Should().Be("quickstart");
        read.Seed.Should().Be(7);
        read.Model.Compute.Should().Be(ComputeType.Auto);
        read.Model.Path.Should().Be(new SpecPath("quickstart/micro-llava", "/specs/quickstart/micro-llava"));
        read.Data.Should().BeOfType<CocoData>().Which.SingleObject.Should().Be(new SingleObjectRule { MinArea = 0.06 });
        read.Stages.Select(s => s.Spec.StageKind)
            .Should()
            .Equal(
                "answer-questions",
                "collect-mean-kv",
                "sample-masks",
                "forward-passes",
                "regress",
                "validate",
                "report"
            );
        read.Stages[0].Spec.Should().BeOfType<AnswerQuestionsSpec>().Which.Keep.Should().Be(12);
        read.Stages[2].Spec.Should().Be(new SampleMasksSpec { Count = 1000 });
        read.Stages[4].Spec.Should().Be(new RegressSpec { Trainer = new ElasticNetSpec() });
        read.Stages[6]
            .Inputs.Should()
            .Equal(
                new Dictionary<string, string>
                {
                    ["samples"] = "answers",
                    ["baseline"] = "baseline",
                    ["forward"] = "forward",
                    ["attribution"] = "attribution",
                    ["validation"] = "validation",
                }
            );
    }

    [Theory]
    [InlineData("elastic-net", typeof(ElasticNetSpec))]
    [InlineData("sdca", typeof(SdcaSpec))]
    [InlineData("light-gbm", typeof(LightGbmSpec))]
    [InlineData("fast-tree", typeof(FastTreeSpec))]
    public void A_trainer_is_chosen_by_name(string trainer, Type type)
    {
        Experiment read = Specs.One(
            Specs.Quickstart,
            $"stages.attribution={{ stage: regress, trainer: {trainer}, train: 0.7 }}"
        );
        RegressSpec regress = read.Stages[4].Spec.Should().BeOfType<RegressSpec>().Subject;
        regress.Trainer.Should().BeOfType(type);
        regress.Train.Should().Be(0.7);
    }

    [Fact]
    public void Maps_and_lists_are_read()
    {
        Experiment read = Specs.One(
            Specs.Quickstart,
            "stages.answers.answer.synonyms={ airplane: [plane, aeroplane], \"hot dog\": [frankfurter] }",
            "data={ kind: domainnet, root: d, domains: [real] }"
        );
        var answers = (AnswerQuestionsSpec)read.Stages[0].Spec;
        answers.Answer.Synonyms.Should().HaveCount(2);
        answers.Answer.Synonyms["airplane"].Should().Equal("plane", "aeroplane");
        ((DomainNetData)read.Data).Domains.Should().Equal("real");
    }

    [Theory]
    [InlineData("weights", "/specs/weights")]
    [InlineData("../weights", "/weights")]
    [InlineData("/abs/./weights", "/abs/weights")]
    [InlineData("'${MODELS}/llava'", "/big/models/llava")]
    [InlineData("'${NOWHERE:-models}/llava'", "/specs/models/llava")]
    [InlineData("'${EMPTY:-models}/llava'", "/specs/models/llava")]
    [InlineData("'${NOWHERE:-}x'", "/specs/x")]
    [InlineData("'a$${MODELS}b$c'", "/specs/a${MODELS}b$c")]
    public void Paths_are_relative_to_the_specs_folder_and_hold_variables(string written, string full) =>
        Specs
            .One(
                $"name: n\nmodel:\n  path: {written}\ndata: {{ kind: folder, images: i }}\nstages: {{ s: {{ stage: "
                    + $"answer-questions }} }}\n"
            )
            .Model.Path.Full.Should()
            .Be(full);

    [Fact]
    public void Overrides_change_fields_and_bring_defaults_back()
    {
        Experiment read = Specs.One(
            Specs.Quickstart,
            "stages.masks.count=2000",
            "engine.batch=16",
            "seed=null",
            "prompt=What is it: a cat, or a dog?",
            "stages.validation.rank_by=[causal, random]",
            "stages.answers.keep=null"
        );
        ((SampleMasksSpec)read.Stages[2].Spec).Count.Should().Be(new FixedCountSpec { Count = 2000 });
        read.Engine.Batch.Should().Be(16);
        read.Seed.Should().Be(0);
        read.Prompt.Should().Be("What is it: a cat, or a dog?");
        ((ValidateSpec)read.Stages[5].Spec).RankBy.Should().Equal(Criterion.Causal, Criterion.Random);
        ((AnswerQuestionsSpec)read.Stages[0].Spec).Keep.Should().Be(200);
    }

    [Fact]
    public void Orders_of_heads_are_words_or_mappings_chosen_by_their_key()
    {
        Experiment read = Specs.One(
            Specs.Quickstart,
            "stages.validation.rank_by=[attention, { run: colour }, { run: other, stage: fit }, { file: heads.jsonl }]"
        );
        ((ValidateSpec)read.Stages[5].Spec)
            .RankBy.Should()
            .Equal(
                Criterion.Attention,
                new RunRanking { Run = "colour" },
                new RunRanking { Run = "other", Stage = "fit" },
                new FileRanking { File = new SpecPath("heads.jsonl", "/specs/heads.jsonl") }
            );
        ((ValidateSpec)read.Stages[5].Spec)
            .RankBy.Select(r => r.Name)
            .Should()
            .Equal("attention", "run:colour", "run:other/fit", "file:heads.jsonl");
    }

    [Theory]
    [InlineData("[{ runs: colour }]", "did you mean run")]
    [InlineData("[{ stage: fit }]", "run, file")]
    [InlineData("[{ run: colour, k: 3 }]", "unknown key 'k'")]
    [InlineData("[{ file: a.jsonl, stage: fit }]", "unknown key 'stage'")]
    [InlineData("[{ run: }]", "there is no value")]
    [InlineData("[casual]", "did you mean causal")]
    [InlineData("[[causal]]", "a mapping with the key run or file")]
    [InlineData("[{ run: a }, { run: a }]", "twice")]
    [InlineData("[{ file: a/heads.jsonl }, { file: b/heads.jsonl }]", "two orders are called 'file:heads.jsonl'")]
    public void Orders_that_are_none_are_refused(string written, string what) =>
        Specs
            .Read(Specs.Quickstart, $"stages.validation.rank_by={written}")
            .Errors.Select(e => e.ToString())
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("rank_by")
            .And.ContainEquivalentOf(what);

    [Fact]
    public void An_override_may_add_a_stage_and_a_matrix()
    {
        ReadResult result = Specs.Read(
            Specs.Quickstart,
            "stages.again={ stage: validate, rank_by: [causal] }",
            "matrix.stages.masks.ablate=[0.5, 0.75]",
            "stages.report.inputs.validation=again"
        );
        result.Errors.Should().BeEmpty();
        result.Experiments.Select(e => e.Name).Should().Equal("quickstart/ablate=0.5", "quickstart/ablate=0.75");
        result.Experiments[0].Stages[^1].Name.Should().Be("again");
        result.Experiments[0].Stages[^2].Inputs["validation"].Should().Be("again");
    }

    [Fact]
    public void A_file_is_read_from_the_disk_with_a_byte_order_mark_too()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("a.yaml", "\uFEFF" + Specs.Quickstart);
        ExperimentReader
            .Read(file, paths: PathRule.MayBeMissing)
            .Experiments.Should()
            .ContainSingle()
            .Which.Model.Path.Full.Should()
            .Be(Path.Combine(folder.Path, "quickstart/micro-llava"));
    }

    [Theory]
    [InlineData("default", "What is the main object in the image? Please answer with a single word.")]
    [InlineData("p1", "Identify the primary subject in this picture with a single word.")]
    [InlineData("p9", "Offer the primary object's name from the picture, restricted to a single word.")]
    [InlineData("Which animal?", "Which animal?")]
    public void Prompts_have_names_or_stand_for_themselves(string prompt, string text) =>
        Prompts.Resolve(Specs.One(Specs.Quickstart, "prompt=" + prompt).Prompt).Should().Be(text);

    [Fact]
    public void A_number_without_a_default_is_absent_where_the_file_leaves_it_out_or_says_null()
    {
        ImageSpec absent = Specs.One(Specs.Quickstart).Model.Image,
            said = Specs.One(Specs.Quickstart, "model.image={ size: 0, tiles: 6, other_sizes: reject }").Model.Image;
        absent.Should().Be(new ImageSpec());
        Specs.One(Specs.Quickstart, "model.image.size=null").Model.Image.Size.Should().BeNull();
        said.Should()
            .Be(
                new ImageSpec
                {
                    Size = 0,
                    Tiles = 6,
                    OtherSizes = OtherSizes.Reject,
                }
            );
        Specs
            .Read(Specs.Quickstart, "model.image.size=-1", "model.image.tiles=many")
            .Errors.Select(e => e.Path)
            .Should()
            .Equal("model.image.size", "model.image.tiles");
    }
}
