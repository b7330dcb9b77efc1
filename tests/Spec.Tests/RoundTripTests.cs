using System.Reflection;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Pipelines.Domain;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Writing;
using Pipelines.Stages;
using Xunit;

namespace Pipelines.Spec.Tests;

public sealed class RoundTripTests
{
    private static Experiment Again(Experiment experiment)
    {
        ReadResult result = ExperimentReader.Parse(
            SpecWriter.ToYaml(experiment),
            "resolved.yaml",
            "/elsewhere",
            environment: new Dictionary<string, string>(),
            paths: PathRule.MayBeMissing
        );
        Assert.True(result.Ok, string.Join("\n", result.Errors) + "\n" + SpecWriter.ToYaml(experiment));
        return Assert.Single(result.Experiments);
    }

    private static void MustReturn(Experiment experiment)
    {
        Experiment again = Again(experiment);
        SpecWriter.ToYaml(again).Should().Be(SpecWriter.ToYaml(experiment));
        again
            .Should()
            .BeEquivalentTo(experiment, o =>
                o.RespectingRuntimeTypes().ComparingRecordsByMembers().Excluding(m => m.Path.EndsWith("Raw"))
            );
    }

    [Fact]
    public void The_designs_example_comes_back_from_its_resolved_form() => MustReturn(Specs.One(Specs.Quickstart));

    [Fact]
    public void A_member_of_a_matrix_comes_back_and_may_be_varied_again()
    {
        foreach (
            Experiment member in Specs
                .Read(
                    Specs.Quickstart
                        + "matrix: { prompt: [p1, 'What: \"this\" \\ is it?'], stages.masks.ablate: [0.5] }\n"
                )
                .Experiments
        )
        {
            MustReturn(member);
        }

        ReadResult again = ExperimentReader.Parse(
            SpecWriter.ToYaml(Specs.Read(Specs.Quickstart + "matrix: { prompt: [p1] }\n").Experiments[0]),
            "r.yaml",
            "/",
            ["matrix={ seed: [1, 2] }"],
            paths: PathRule.MayBeMissing
        );
        again
            .Experiments.Select(e => e.Name)
            .Should()
            .Equal("quickstart/prompt=p1,seed=1", "quickstart/prompt=p1,seed=2");
    }

    [Theory]
    [InlineData("${HOME}")]
    [InlineData("a $${b} \"c\" # d")]
    [InlineData("~")]
    [InlineData(" leading and trailing ")]
    [InlineData("naïve/日本/🐱\u00A0\u2028")]
    public void A_path_of_any_characters_comes_back(string name)
    {
        Experiment experiment = Specs.One(Specs.Quickstart) with
        {
            Model = new ModelSpec { Path = new SpecPath(name, "/models/" + name) },
        };
        Again(experiment).Model.Path.Full.Should().Be("/models/" + name);
    }

    [Property(MaxTest = 100, Arbitrary = [typeof(Experiments)])]
    public void Reading_what_was_written_gives_the_same_experiment(Experiment experiment) => MustReturn(experiment);

    /// <summary>Valid experiments of all kinds.</summary>
    public static class Experiments
    {
        private static readonly string[] Texts =
        [
            "true",
            "null",
            "12",
            "1e3",
            "a: b",
            "#c",
            "- d",
            "it's",
            "\"q\"",
            "back\\slash",
            "x\ty",
            "日本",
            "🐱 cat",
            "[e]",
            "{f}",
            "&g",
            "*h",
            "!i",
            "%j",
            "@k",
            "line\nbreak",
            "\u0085x",
            "é",
        ];

        public static Arbitrary<Experiment> Experiment() =>
            Arb.From(
                from seed in Gen.Choose(int.MinValue, int.MaxValue)
                from prompt in Gen.OneOf(
                    Gen.Elements("default", "p1", "p9"),
                    Gen.Elements(Texts).Where(t => !t.Contains('{')).Select(t => $"What is {t} here?")
                )
                from model in Model()
                from data in Data()
                from mean in Gen.Elements(Enum.GetValues<LogitMean>())
                from linear in Gen.Elements(Enum.GetValues<LinearKind>())
                from batch in Gen.Choose(0, 4096)
                from stages in Stages()
                select new Experiment
                {
                    Name = "n",
                    Seed = seed,
                    Prompt = prompt,
                    Model = model,
                    Data = data,
                    LogitMean = mean,
                    Engine = new EngineSpec { Linear = linear, Batch = batch },
                    Stages = data is DomainNetData { Domains.Count: > 1 } ? stages : WithoutStyles(stages),
                }
            );

        private static Gen<double> Share() =>
            Gen.Choose(1, 998).SelectMany(n => Gen.Elements(n / 1000.0, n / 1000.0 / 3 + 0.001, 0.5));

        private static Gen<SpecPath> Path() => Gen.Elements(Texts).Select(t => new SpecPath(t, "/p/" + t));

        private static Gen<ModelSpec> Model() =>
            from path in Path()
            from device in Gen.Elements("auto", "cpu", "cuda", "cuda:1")
            from compute in Gen.Elements(Enum.GetValues<ComputeType>())
            from fit in Gen.Elements(Enum.GetValues<ImageFit>())
            from size in Gen.Elements<int?>(null, 0, 336, 4096)
            from tiles in Gen.Elements<int?>(null, 1, 64)
            from others in Gen.Elements(Enum.GetValues<OtherSizes>())
            select new ModelSpec
            {
                Path = path,
                Device = device,
                Compute = compute,
                Image = new ImageSpec
                {
                    Fit = fit,
                    Size = size,
                    Tiles = tiles,
                    OtherSizes = others,
                },
            };

        private static Gen<DataSpec> Data() =>
            Gen.OneOf(
                from images in Path()
                from annotations in Path()
                from area in Share()
                select (DataSpec)
                    new CocoData
                    {
                        Images = images,
                        Annotations = annotations,
                        SingleObject = new SingleObjectRule { MinArea = area, OthersBelow = area / 3 },
                    },
                from root in Path()
                from domains in Gen.SubListOf(Texts).Where(d => d.Count > 0)
                select (DataSpec)new DomainNetData { Root = root, Domains = [.. domains] },
                from images in Path()
                from labels in Gen.OneOf(Gen.Constant<SpecPath?>(null), Path().Select(p => (SpecPath?)p))
                select (DataSpec)new FolderData { Images = images, Labels = labels }
            );

        private static Gen<TrainerSpec> Trainer() =>
            Gen.OneOf(
                from alpha in Share()
                from ratio in Share()
                select (TrainerSpec)
                    new ElasticNetSpec
                    {
                        Alpha = alpha * 1e-6,
                        L1Ratio = ratio,
                        Tolerance = alpha,
                    },
                Share().Select(a => (TrainerSpec)new AutoTrainerSpec { L1Ratio = a }),
                Share().Select(a => (TrainerSpec)new SdcaSpec { Alpha = a }),
                Gen.Choose(2, 4096).Select(n => (TrainerSpec)new LightGbmSpec { Trees = n, Leaves = n }),
                Gen.Choose(2, 4096).Select(n => (TrainerSpec)new FastTreeSpec { Trees = n, Leaves = n }),
                Gen.Elements(Enum.GetValues<GradientResidual>())
                    .Select(r => (TrainerSpec)new GradientSpec { Residual = r, Folds = 7 })
            );

        private static Gen<IReadOnlyList<StageNode>> Stages() =>
            from keep in Gen.Choose(1, 1000)
            from words in Gen.SubListOf(Texts)
                // Pairs of pictures go with questions only
            from kind in Gen.Elements(Enum.GetValues<BaselineKind>()).Where(k => k != BaselineKind.Counterfactual)
            from count in Gen.Choose(2, 100_000)
            from share in Share()
            from draw in Gen.Elements(Enum.GetValues<MaskDraw>())
            from trainer in Trainer()
            from criteria in Gen.SubListOf(Enum.GetValues<Criterion>()).Where(c => c.Count > 0)
            from withBaseline in Gen.Elements(true, false)
            from file in Path()
            from elsewhere in Gen.SubListOf<RankingSpec>(
                new RunRanking { Run = "colour" },
                new RunRanking { Run = "/runs/a b", Stage = "fit" },
                new FileRanking { File = file }
            )
            select Wired(
                new AnswerQuestionsSpec
                {
                    Keep = keep,
                    Answer = new AnswerRule
                    {
                        Synonyms = words.ToDictionary(w => w, w => (IReadOnlyList<string>)[w + "s", w]),
                    },
                },
                new CollectMeanKvSpec { Kind = kind, Images = keep },
                new SampleMasksSpec
                {
                    Count =
                        keep % 2 == 0
                            ? count
                            : new AutoCountSpec
                            {
                                Until = share,
                                Least = 8 + keep,
                                Most = 8 + keep + count,
                            },
                    Ablate = share,
                    Draw = draw,
                },
                new ForwardPassesSpec { MinGap = share },
                new RegressSpec { Trainer = trainer, Train = 0.01 + (share * 0.9) },
                new ValidateSpec
                {
                    RankBy = [.. criteria, .. elsewhere],
                    Faithfulness = share,
                    Thresholds = [share, 0.9 + (share / 10.1)],
                },
                new TokenTraceSpec
                {
                    Important = share,
                    Count = count,
                    Draw = draw,
                    ImageTokens = (ImageTokenTrace)(keep % 3),
                    Trainer = trainer,
                    Train = 0.01 + (share * 0.9),
                },
                new LogitLensSpec
                {
                    Heads = keep,
                    Items = keep,
                    Reading = (LensReading)(keep % 2),
                },
                withBaseline
            );

        /// <summary>Only data of several styles have styles to compare.</summary>
        private static IReadOnlyList<StageNode> WithoutStyles(IReadOnlyList<StageNode> stages) =>
            [
                .. stages
                    .Where(s => s.Spec is not CompareStylesSpec)
                    .Select(s =>
                        s with
                        {
                            Inputs = s.Inputs.Where(i => i.Key != "styles").ToDictionary(i => i.Key, i => i.Value),
                        }
                    ),
            ];

        private static IReadOnlyList<StageNode> Wired(
            AnswerQuestionsSpec answers,
            CollectMeanKvSpec baseline,
            SampleMasksSpec masks,
            ForwardPassesSpec forward,
            RegressSpec regress,
            ValidateSpec validate,
            TokenTraceSpec tokens,
            LogitLensSpec lens,
            bool withBaseline
        )
        {
            var names = new Dictionary<string, string>
            {
                ["samples"] = "a",
                ["baseline"] = "b",
                ["masks"] = "m",
                ["forward"] = "f",
                ["attribution"] = "r",
                ["validation"] = "v",
                ["tokens"] = "t",
                ["lens"] = "l",
                ["gradients"] = "g",
                ["gradient_cost"] = "c",
                ["gradient_worth"] = "w",
                ["non_additive"] = "n",
                ["layout"] = "y",
                ["head_vectors"] = "h",
                ["ratios"] = "s",
                ["styles"] = "d",
                ["stability"] = "e",
                ["prompts"] = "q",
            };
            // Analyses that have no values of their own here stand as they are by default
            Dictionary<string, Type> others = StageKinds
                .All.Select(kind => (Kind: kind, kind.GetCustomAttribute<ReportedAsAttribute>()?.Role))
                .Where(k => k.Role is not null && !names.ContainsKey(k.Role))
                .ToDictionary(k => k.Role!, k => k.Kind);
            foreach (string role in others.Keys)
            {
                names[role] = role;
            }

            StageNode Node(string name, StageSpec spec, params string[] without) =>
                new(
                    name,
                    spec,
                    spec.Needs.Where(n => !without.Contains(n.Role)).ToDictionary(n => n.Role, n => names[n.Role])
                );
            return
            [
                Node("a", answers),
                Node("b", baseline),
                Node("m", masks),
                Node("f", forward),
                Node("g", new GradientPassesSpec { Count = 1 + (answers.Keep / 100) }),
                Node("r", regress),
                Node("v", validate),
                Node("c", new GradientCostSpec { Train = regress.Train }),
                Node("w", new GradientWorthSpec { Masks = [answers.Keep + 2, 2], Gradients = [answers.Keep] }),
                Node("n", new NonAdditiveSpec()),
                Node("e", new StabilitySpec { Shares = [.. new[] { 0.25, regress.Train, 1 }.Distinct()] }),
                Node("t", tokens),
                Node("l", lens),
                Node(
                    "y",
                    new BetaLayoutSpec
                    {
                        LeastSamples = answers.Keep,
                        Perplexity = answers.Keep % 2 == 0 ? 1 + masks.Ablate : null,
                    }
                ),
                Node(
                    "h",
                    new ClusterHeadsSpec { LeastBeta = masks.Ablate, Linkage = (ClusterLinkage)(answers.Keep % 2) }
                ),
                Node(
                    "s",
                    new AblationRatioSpec
                    {
                        Ratios = [Math.Max(0.001, masks.Ablate / 2), 0.51, 0.875],
                        Samples = baseline.Images,
                    }
                ),
                Node("d", new CompareStylesSpec()),
                Node(
                    "q",
                    new PromptSimilaritySpec
                    {
                        Prompts = ["p1", "default", "What, then: \"this\"?"],
                        Samples = baseline.Images,
                    }
                ),
                .. others.Select(o => Node(o.Key, (StageSpec)Activator.CreateInstance(o.Value)!)),
                withBaseline ? Node("p", new ReportSpec()) : Node("p", new ReportSpec(), "baseline"),
            ];
        }
    }
}
