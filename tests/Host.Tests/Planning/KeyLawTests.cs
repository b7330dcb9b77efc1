using System.Collections;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Models.Families;
using Pipelines.Spec;
using Pipelines.Spec.Shapes;
using Pipelines.Stages;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

/// <summary>
/// Every setting and every file decides which units an experiment has, or there is an excuse. Settings are found in the
/// spec's records: a new field is varied by itself, and a new kind of stage, data, trainer or value that
/// no experiment here has fails. The experiments are computed once; each variation is only planned.
/// </summary>
public sealed class KeyLawTests(KeyLawTests.Computed computed) : IClassFixture<KeyLawTests.Computed>
{
    private const string NamesAColumn = "what a column holds counts, not its name; one that is not there is refused";

    /// <summary>Settings that no unit but the page depends on, and why.</summary>
    private static readonly Dictionary<string, string> Excuses = new(StringComparer.Ordinal)
    {
        ["Experiment.Name"] = "names the folder of the run",
        ["ModelSpec.Path"] = "what lies there counts, not where",
        ["CocoData.Images"] = "what lies there counts, not where",
        ["CompareGroupsSpec.Least"] = "it chooses groups where none are named, and here they are",
        ["CocoData.Missing"] = "it refuses a run, and decides nothing about what is computed",
        ["FolderData.Missing"] = "it refuses a run, and decides nothing about what is computed",
        ["CollectMeanKvSpec.Folder"] = "what lies there counts, not where",
        ["CocoData.Annotations"] = "what it says of the pictures counts, not where it lies",
        ["DomainNetData.Root"] = "what lies there counts, not where",
        ["FolderData.Images"] = "what lies there counts, not where",
        ["FolderData.Labels"] = "judged when answers are read: it costs no run of the model",
        ["ModelSpec.Device"] = "the device that it is settled to counts, and here each one is the CPU or refused",
        ["ModelSpec.Libtorch"] = "which build multiplies is no part of a key, and stands in the manifest",
        ["EngineSpec.Mixing"] = "says who may compute what, and nothing about what comes out",
        ["EngineSpec.Batch"] =
            "with the packed kernels bits do not depend on it; with libtorch's it is part of the key (see the law "
            + "of the batch)",
        ["AnswerRule.Plurals"] = "judged when answers are read: it costs no run of the model",
        ["AnswerRule.Synonyms"] = "judged when answers are read: it costs no run of the model",
        ["ForwardPassesSpec.MinGap"] = "judged when f(1) and f(0) are read",
        ["QuestionColumnsSpec.Answer"] = NamesAColumn,
        ["QuestionColumnsSpec.Answers"] = NamesAColumn,
        ["QuestionColumnsSpec.CounterAnswer"] = NamesAColumn,
        ["QuestionColumnsSpec.CounterImage"] = NamesAColumn,
        ["QuestionColumnsSpec.Group"] = NamesAColumn,
        ["QuestionColumnsSpec.Id"] = NamesAColumn,
        ["QuestionColumnsSpec.Image"] = NamesAColumn,
        ["QuestionColumnsSpec.Options"] = NamesAColumn,
        ["QuestionColumnsSpec.Question"] = NamesAColumn,
        ["QuestionsData.Annotations"] = "what it says of the answers counts, not where it lies",
        ["QuestionsData.File"] = "what the rows say counts, not where they lie",
        ["QuestionsData.Format"] = "what is read counts, not by which name; another format refuses the file",
        ["QuestionsData.Images"] = "what lies there counts, not where",
        ["QuestionsData.Letters"] = "says how answers are read that are numbers, and here none is",
        ["QuestionsData.Missing"] = "it refuses a run, and decides nothing about what is computed",
        ["QuestionsData.Pairs"] = "what it says of the pairs counts, not where it lies",
        ["TargetSpec.Against"] = "follows from the kind: the reader refuses any other",
        ["ValidateSpec.Thresholds"] =
            "read off the complete curves; a scan until crossed goes as far as they ask, and a grid is refined at them "
            + "(see the laws of the scans)",
    };

    [Fact]
    public void Every_setting_changes_the_units_or_has_an_excuse()
    {
        var changing = new HashSet<string>(StringComparer.Ordinal);
        var unchanging = new HashSet<string>(StringComparer.Ordinal);
        foreach (Experiment experiment in computed.Experiments)
        {
            HashSet<string> before = computed.Keys(experiment);
            foreach (var variations in Settings.Of(experiment).ToLookup(v => v.Field))
            {
                foreach (Variation variation in variations)
                {
                    if (computed.KeysIfAllowed(variation.Experiment) is not { } after)
                    {
                        continue;
                    }

                    (after.SetEquals(before) ? unchanging : changing).Add(variations.Key);
                    if (changing.Contains(variations.Key))
                    {
                        break;
                    }
                }
            }
        }

        foreach (string field in Images.Changing())
        {
            changing.Add(field);
        }

        changing.Intersect(Excuses.Keys).Should().BeEmpty("an excuse that is not needed hides what comes later");
        unchanging
            .Except(Excuses.Keys)
            .Except(changing)
            .Should()
            .BeEmpty("a setting without effect on any unit is either forgotten in a key or needs an excuse");
        Settings
            .All()
            .Except(changing)
            .Except(unchanging)
            .Except(Excuses.Keys)
            .Should()
            .BeEmpty("every field of every record of a spec is varied in some experiment here: add the new one");
        Excuses.Keys.Except(Settings.All()).Should().BeEmpty("these fields are no more");
    }

    [Fact]
    public void With_libtorchs_products_the_batch_changes_the_units()
    {
        Experiment torch = computed.Experiments[0] with { Engine = new EngineSpec { Linear = LinearKind.Torch } };
        computed
            .PassParts(torch with { Engine = torch.Engine with { Batch = 7 } })
            .Should()
            .NotBeEquivalentTo(computed.PassParts(torch));
    }

    [Fact]
    public void A_scan_until_crossed_depends_on_the_thresholds_that_it_goes_to()
    {
        static Experiment Until(Experiment experiment, params double[] thresholds) =>
            Settings.With<ValidateSpec>(experiment, v =>
                v with
                {
                    Scan = ScanRange.UntilCrossed,
                    Thresholds = thresholds,
                    Faithfulness = 0.8,
                    Completeness = 0.2,
                }
            );
        Experiment some = computed.Experiments[1];
        computed.Keys(Until(some, 0.8, 0.95)).Should().NotBeEquivalentTo(computed.Keys(Until(some, 0.8)));
    }

    [Fact]
    public void A_scan_on_a_grid_depends_on_every_threshold_and_not_on_how_often_or_in_which_order_they_are_said()
    {
        static Experiment Grid(Experiment experiment, params double[] thresholds) =>
            Settings.With<ValidateSpec>(experiment, v =>
                v with
                {
                    Scan = ScanRange.Grid,
                    Thresholds = thresholds,
                    Faithfulness = 0.8,
                    Completeness = 0.2,
                }
            );
        Experiment some = computed.Experiments[1];
        HashSet<string> keys = computed.Keys(Grid(some, 0.5, 0.8), "validate");
        keys.Should().NotBeEmpty();
        computed.Keys(Grid(some, 0.6, 0.8), "validate").Should().NotIntersectWith(keys);
        computed.Keys(Grid(some, 0.5, 0.8, 0.9), "validate").Should().NotIntersectWith(keys);
        computed.Keys(Grid(some, 0.8, 0.5, 0.8), "validate").Should().BeEquivalentTo(keys);
        computed.Keys(Grid(some, 0.5), "validate").Should().BeEquivalentTo(keys, "0.8 is asked for anyway");
    }

    [Fact]
    public void A_scan_that_is_left_out_is_the_full_one_for_a_model_of_few_heads()
    {
        Experiment some = computed.Experiments[1];
        HashSet<string> Of(ScanRange? scan) =>
            computed.Keys(Settings.With<ValidateSpec>(some, v => v with { Scan = scan }), "validate");
        Of(null).Should().NotBeEmpty().And.BeEquivalentTo(Of(ScanRange.Full));
        Of(null).Should().NotIntersectWith(Of(ScanRange.Grid)).And.NotIntersectWith(Of(ScanRange.UntilCrossed));
    }

    [Fact]
    public void The_order_in_which_a_spec_names_its_stages_changes_no_unit()
    {
        foreach (Experiment experiment in computed.Experiments)
        {
            computed
                .Keys(experiment with { Stages = [.. experiment.Stages.Reverse()] })
                .Should()
                .BeEquivalentTo(computed.Keys(experiment));
        }
    }

    [Fact]
    public void The_same_files_at_another_place_give_the_same_units()
    {
        Experiment experiment = computed.Experiments[0];
        computed
            .Keys(experiment with { Model = experiment.Model with { Path = computed.CopyOf(experiment.Model.Path) } })
            .Should()
            .BeEquivalentTo(computed.Keys(experiment));
    }

    [Fact]
    public void Every_file_of_the_model_folder_that_is_read_changes_all_units_of_the_model()
    {
        Experiment experiment = computed.Experiments[0];
        HashSet<string> before = computed.Keys(experiment, "answer-questions", "collect-mean-kv");
        foreach (string file in Directory.EnumerateFiles(experiment.Model.Path.Full).Select(f => Path.GetFileName(f)))
        {
            SpecPath copy = computed.CopyOf(experiment.Model.Path);
            string changed = Path.Combine(copy.Full, file);
            if (file.EndsWith(".safetensors", StringComparison.Ordinal))
            {
                FlipLastByte(changed);
            }
            else
            {
                File.AppendAllText(changed, "\n"); // JSON and text say the same with it
            }

            computed
                .Keys(
                    experiment with
                    {
                        Model = experiment.Model with { Path = copy },
                    },
                    "answer-questions",
                    "collect-mean-kv"
                )
                .Should()
                .NotIntersectWith(before, "{0} is another", file);
        }
    }

    [Fact]
    public void The_index_of_the_shards_changes_all_units_of_the_model_and_files_that_it_does_not_name_none()
    {
        Experiment experiment = computed.Experiments[0];
        SpecPath folder = computed.CopyOf(experiment.Model.Path);
        File.Move(
            Path.Combine(folder.Full, "model.safetensors"),
            Path.Combine(folder.Full, "model-00001-of-00001.safetensors")
        );
        string[] names = [.. Names(Path.Combine(folder.Full, "model-00001-of-00001.safetensors"))];
        string index = Path.Combine(folder.Full, "model.safetensors.index.json");
        void Write(string end) =>
            File.WriteAllText(
                index,
                "{\"weight_map\":{"
                    + string.Join(',', names.Select(n => $"\"{n}\":\"model-00001-of-00001.safetensors\""))
                    + "}}"
                    + end
            );
        Experiment sharded = experiment with { Model = experiment.Model with { Path = folder } };
        Write("");
        HashSet<string> before = computed.Keys(sharded, "answer-questions", "collect-mean-kv");
        File.Copy(
            Path.Combine(folder.Full, "model-00001-of-00001.safetensors"),
            Path.Combine(folder.Full, "consolidated.safetensors")
        );
        computed
            .Keys(sharded, "answer-questions", "collect-mean-kv")
            .Should()
            .BeEquivalentTo(before, "nobody reads the other file");
        Write("\n");
        computed.Keys(sharded, "answer-questions", "collect-mean-kv").Should().NotIntersectWith(before);
    }

    [Fact]
    public void Every_picture_changes_the_units_that_read_it()
    {
        Experiment experiment = computed.Experiments[1];
        var data = (FolderData)experiment.Data;
        HashSet<string> before = computed.Keys(experiment);
        foreach (string file in Directory.EnumerateFiles(data.Images.Full).Select(f => Path.GetFileName(f)))
        {
            SpecPath copy = computed.CopyOf(data.Images);
            // Behind the picture's end: the same pixels, other bytes
            File.AppendAllText(Path.Combine(copy.Full, file), "\n");
            computed
                .Keys(experiment with { Data = data with { Images = copy } })
                .Should()
                .NotBeEquivalentTo(before, "{0} is another", file);
        }
    }

    private static void FlipLastByte(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static IEnumerable<string> Names(string weights)
    {
        using var file = Models.Tensors.SafeTensorsFile.Open(weights);
        return [.. file.Tensors.Keys];
    }

    /// <summary>Three small experiments that together have every kind of stage, data and trainer.</summary>
    public sealed class Computed : IDisposable
    {
        private const string Stages = """
            stages:
              answers: { stage: answer-questions, keep: KEEP }
              baseline: { stage: collect-mean-kv, images: 4 }
              masks: { stage: sample-masks, shard: 20, COUNT }
              forward: { stage: forward-passes }
              gradients: { stage: gradient-passes, count: 4, shard: 2 }

            """;

        private static readonly string Quickstart = Path.Combine(
            WholeRuns.HostProcess.RepositoryRoot,
            "experiments",
            "quickstart"
        );
        private readonly TemporaryFolder folder = new();
        private int copies;

        /// <summary>Computes them.</summary>
        public Computed()
        {
            string head = $"seed: 3\nmodel: {{ path: {Quickstart}/micro-llava, device: cpu }}\n";
            string pictures = Directory.CreateDirectory(Path.Combine(folder.Path, "pictures")).FullName;
            foreach (
                string file in Directory
                    .EnumerateFiles(Path.Combine(Quickstart, "images"), "*.jpg")
                    .Order(StringComparer.Ordinal)
                    .Take(6)
            )
            {
                File.Copy(file, Path.Combine(pictures, Path.GetFileName(file)));
            }

            string coco =
                $"name: coco\n{head}data: {{ kind: coco, images: {Quickstart}/images, annotations: "
                + $"{FewInstances()} }}\n"
                + Of("2, answer: { synonyms: { airplane: [plane] } }", "count: 40")
                + """
                      attribution: { stage: regress }
                      sdca: { stage: regress, trainer: sdca }
                      trees: { stage: regress, trainer: light-gbm, trees: 5 }
                      more_trees: { stage: regress, trainer: fast-tree, trees: 5 }
                      by_gradient: { stage: regress, trainer: gradient }
                      validation:
                        stage: validate
                        random_seeds: 1
                        rank_by: [head-attribution, random]
                        inputs: { attribution: attribution }
                      tokens: { stage: token-trace, count: 40, shard: 20, inputs: { attribution: attribution } }
                      lens: { stage: logit-lens, inputs: { attribution: attribution } }
                      cost: { stage: gradient-cost }
                      worth: { stage: gradient-worth, masks: [10, 20], gradients: [1, 2] }
                      residual: { stage: non-additive, trees: 5 }
                      layout:
                        stage: beta-layout
                        least_samples: 1
                        perplexity: 2
                        inputs: { attribution: attribution }
                      vectors: { stage: cluster-heads, least_beta: 0.01, inputs: { attribution: attribution } }
                      ratios:
                        stage: ablation-ratio
                        ratios: [0.5, 0.25]
                        samples: 1
                        inputs: { attribution: attribution }
                      prompts:
                        stage: prompt-similarity
                        prompts: [p1]
                        samples: 1
                        inputs: { attribution: attribution }
                      stability: { stage: stability, shares: [0.5, 1], inputs: { attribution: attribution } }
                      report: { stage: report, inputs: { attribution: attribution } }

                    """;
            Write(
                "folder.yaml",
                $"name: folder\n{head}data: {{ kind: folder, images: {pictures} }}\n"
                    + Of("3", "count: auto, until: 0.9, least: 20, most: 60").Replace("images: 4", "images: 6")
                    + """
                      attribution: { stage: regress }
                      validation: { stage: validate, random_seeds: 1, rank_by: [head-attribution] }
                      report: { stage: report }

                    """
            );
            string styles =
                $"name: styles\n{head}data: {{ kind: domainnet, root: {Quickstart}/domainnet, domains: [real, "
                + $"sketch, clipart] }}\n"
                + Of("8, per_object: { least: 1 }", "count: 20")
                + """
                      attribution: { stage: regress }
                      validation: { stage: validate, random_seeds: 1, rank_by: [head-attribution] }
                      styles: { stage: compare-styles }
                      layout: { stage: beta-layout, least_samples: 1 }
                      report: { stage: report }

                    """;
            Write("styles.yaml", styles);
            string questions =
                $"name: questions\n{head}data: "
                + $"{{ kind: questions, file: {QuestionFile()}, images: {Quickstart}/images, "
                + "format: columns, columns: { question: q, image: i, answer: a, counter_answer: b, "
                + "counter_image: c, group: g } }\n"
                + "target: { kind: sequence, of: answer, signed: true }\n"
                + Of("6, which: all, match: exact", "count: 20").Replace("images: 4", "images: 2")
                + """
                      attribution: { stage: regress }
                      validation: { stage: validate, random_seeds: 1, rank_by: [head-attribution] }
                      groups: { stage: compare-groups, least: 2, permutations: 19, groups: [color, object, thing] }
                      report: { stage: report }

                    """;
            Write("questions.yaml", questions);
            Write(
                "coco.yaml",
                coco.Replace("  report:", OtherKinds(coco + styles + questions) + "  report:", StringComparison.Ordinal)
            );
            string all = Write(
                "all.yaml",
                "name: all\nexperiments: [coco.yaml, folder.yaml, styles.yaml, questions.yaml]\n"
            );
            var (code, output, errors) = WholeRuns.HostProcess.Run(all, "--artifacts", Artifacts);
            if (code != 0)
            {
                throw new InvalidOperationException($"exit code {code}\n{output}\n{errors}");
            }

            Experiments = Pipelines.Spec.Reading.ExperimentReader.Read(all).Experiments;
        }

        /// <summary>
        /// The experiments: on COCO, on a folder with as many masks as are needed, on styles, and on questions.
        /// </summary>
        public IReadOnlyList<Experiment> Experiments { get; }

        private string Artifacts => Path.Combine(folder.Path, "artifacts");

        /// <summary>
        /// Keys of the units that are known of an experiment, without those of the page; of the kinds named only, where
        /// some are.
        /// </summary>
        internal HashSet<string> Keys(Experiment experiment, params string[] kinds)
        {
            // What was read of files is noted for one run: a variation is another.
            using Engine own = NewEngine();
            Pipeline pipeline = Pipeline.Compile(experiment, own, "test");
            var catalog = new Catalog(
                Pipelines.Stages.Storage.ArtifactStore.ToRead(Path.Combine(Artifacts, "cache"), own.Digests),
                "test"
            );
            return
            [
                .. pipeline
                    .Stages.Where(s => s is not WriteReport)
                    .SelectMany(s => s.Units(catalog.Artifacts).Known)
                    .Where(u => kinds.Length == 0 || kinds.Contains(u.Kind))
                    .Select(Fingerprint.Of),
            ];
        }

        /// <summary>
        /// Hashes of the key parts of forward passes over a sample: of settings, too, with which no answer was
        /// computed.
        /// </summary>
        internal IReadOnlyList<string> PassParts(Experiment experiment)
        {
            using Engine own = NewEngine();
            var catalog = new Catalog(
                Pipelines.Stages.Storage.ArtifactStore.ToRead(Path.Combine(Artifacts, "cache"), own.Digests),
                "test"
            );
            Sample sample = Pipeline
                .Compile(Experiments[0], own, "test")
                .Stages.OfType<AnswerQuestions>()
                .First()
                .Samples(catalog.Artifacts)![0];
            return
            [
                .. CanonicalForm
                    .Of(
                        Pipeline
                            .Compile(experiment, own, "test")
                            .Stages.OfType<ForwardPasses>()
                            .First()
                            .PassesOver(catalog.Artifacts, sample)
                    )
                    .Where(p => p is not KeyPart.Inputs)
                    .Select(Fingerprint.Of),
            ];
        }

        private Engine NewEngine() =>
            new(
                new Pipelines.Stages.Storage.FileDigests(Path.Combine(Artifacts, "cache", "digests.json")),
                new Pipelines.Models.Vision.PictureVerdicts(Path.Combine(Artifacts, "cache", "pictures.txt"))
            )
            {
                Runs = new RunFolders(Artifacts),
            };

        /// <summary>As <see cref="Keys"/>; null where the experiment is refused.</summary>
        internal HashSet<string>? KeysIfAllowed(Experiment experiment)
        {
            try
            {
                return Keys(experiment);
            }
            catch (InputException)
            {
                return null;
            }
        }

        /// <summary>A copy of a folder.</summary>
        internal SpecPath CopyOf(SpecPath original)
        {
            string copy = Directory.CreateDirectory(Path.Combine(folder.Path, $"copy-{copies++}")).FullName;
            foreach (string file in Directory.EnumerateFiles(original.Full))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            return new SpecPath(copy, copy);
        }

        /// <inheritdoc/>
        public void Dispose() => folder.Dispose();

        /// <summary>
        /// Annotations of all pictures with several objects, and of those with the six smallest and the six largest
        /// single ones: both bounds of the rule for single objects then decide.
        /// </summary>
        private string FewInstances()
        {
            JsonNode all = JsonNode.Parse(File.ReadAllBytes(Path.Combine(Quickstart, "instances.json")))!;
            var objects = all["annotations"]!.AsArray().ToLookup(a => (int)a!["image_id"]!, a => (double)a!["area"]!);
            int[] single = [.. objects.Where(o => o.Count() == 1).OrderBy(o => o.Single()).Select(o => o.Key)];
            HashSet<int> kept =
            [
                .. objects.Where(o => o.Count() > 1).Select(o => o.Key),
                .. single[..6],
                .. single[^6..],
            ];
            void Keep(string list, string id) =>
                all[list] = new JsonArray([
                    .. all[list]!.AsArray().Where(e => kept.Contains((int)e![id]!)).Select(e => e!.DeepClone()),
                ]);
            Keep("annotations", "image_id");
            Keep("images", "id");
            return Write("instances.json", all.ToJsonString());
        }

        /// <summary>Questions of groups that have one picture in common; the file answers one of them wrong.</summary>
        private string QuestionFile()
        {
            const string @object = "What is the main object in the image?",
                color = "What is the color of the background?";
            string Row(string question, int picture, string answer, string counter, string group) =>
                $"{question},{picture:000000000000}.jpg,{answer},{counter},000000000009.png,{group}\n";
            return Write(
                "questions.csv",
                "q,i,a,b,c,g\n"
                    + Row(@object, 1, "dog", "lemon", "\"object,thing\"")
                    + Row(@object, 2, "banjo", "lemon", "\"object,thing\"")
                    + Row(color, 2, "red", "white", "color")
                    + Row(color, 84, "blue", "white", "color")
            );
        }

        private static string Of(string keep, string count) =>
            Stages.Replace("KEEP", keep, StringComparison.Ordinal).Replace("COUNT", count, StringComparison.Ordinal);

        /// <summary>
        /// Kinds that no experiment here names, as they are by default: a new analysis is varied at once.
        /// </summary>
        private static string OtherKinds(string named) =>
            string.Concat(
                ((Shape.Family)ShapeReader.Of(typeof(StageSpec)))
                    .Members.Keys.Where(kind => !named.Contains($"stage: {kind}", StringComparison.Ordinal))
                    .Select(kind =>
                        $"  {kind.Replace('-', '_')}: {{ stage: {kind}, inputs: {{ attribution: attribution }} }}\n"
                    )
            );

        private string Write(string name, string text)
        {
            string path = Path.Combine(folder.Path, name);
            File.WriteAllText(path, text);
            return path;
        }
    }

    /// <summary>
    /// The fields of <c>model.image</c> for every family, as they enter keys: not every family has a bundled model.
    /// </summary>
    private static class Images
    {
        public static IEnumerable<string> Changing() =>
            from family in KnownFamilies.All
            from start in new[]
            {
                new ImageSpec(),
                new ImageSpec { Size = 448 },
            }
            let before = Key(start, family)
            where before is not null
            from variation in Settings.OfRecord(start)
            let after = Key((ImageSpec)variation.Record, family)
            where after is not null && after != before
            select variation.Field;

        private static string? Key(ImageSpec image, Family family)
        {
            try
            {
                return ImageSettings.Resolve(image, family).ToString();
            }
            catch (InputException)
            {
                return null;
            }
        }
    }
}

/// <summary>A spec with one setting changed.</summary>
/// <param name="Field">Record and field that were changed.</param>
/// <param name="Experiment">The spec.</param>
internal sealed record Variation(string Field, Experiment Experiment);

/// <summary>Varies the settings of specs, one at a time, by their shapes.</summary>
internal static class Settings
{
    /// <summary>Every field of every record that a spec may have.</summary>
    public static IReadOnlySet<string> All()
    {
        var fields = new HashSet<string>(StringComparer.Ordinal);
        var records = new HashSet<Type>();
        void Walk(Shape shape)
        {
            switch (shape)
            {
                case Shape.Fields record when records.Add(record.Type):
                    fields.UnionWith(record.All.Where(IsVaried).Select(f => NameOf(record, f)));
                    foreach (Field field in record.All)
                    {
                        Walk(field.Shape);
                    }

                    break;
                case Shape.Family family:
                    foreach (Shape.Fields member in family.All)
                    {
                        Walk(member);
                    }

                    break;
                case Shape.Stages stages:
                    Walk(stages.Specs);
                    break;
                case Shape.List list:
                    Walk(list.Item);
                    break;
                case Shape.Map map:
                    Walk(map.Item);
                    break;
            }
        }

        Walk(ShapeReader.Experiment);
        return fields;
    }

    /// <summary>
    /// Records, stages and sets whose members all need something to be said are varied by their own fields.
    /// </summary>
    private static bool IsVaried(Field field) =>
        field.Shape switch
        {
            Shape.Fields or Shape.Stages => false,
            Shape.Family family => family.All.Any(IsMadeOfDefaults),
            _ => true,
        };

    private static bool IsMadeOfDefaults(Shape.Fields member) => member.All.All(f => !f.Required);

    /// <summary>Variations of every setting that an experiment has.</summary>
    public static IEnumerable<Variation> Of(Experiment experiment) =>
        OfRecord(experiment).Select(v => new Variation(v.Field, (Experiment)v.Record));

    /// <summary>Variations of every field of a record.</summary>
    public static IEnumerable<(string Field, object Record)> OfRecord(object record)
    {
        var shape = (Shape.Fields)ShapeReader.Of(record.GetType());
        return from field in shape.All
               from varied in OfField(NameOf(shape, field), field, field.Property.GetValue(record))
               select (varied.Field, With(record, field, varied.Value));
    }

    /// <summary>An experiment with the one stage of a kind changed.</summary>
    public static Experiment With<TSpec>(Experiment experiment, Func<TSpec, TSpec> change)
        where TSpec : StageSpec =>
        experiment with
        {
            Stages = [.. experiment.Stages.Select(s => s.Spec is TSpec spec ? s with { Spec = change(spec) } : s)],
        };

    private static IEnumerable<(string Field, object? Value)> OfField(string name, Field field, object? value) =>
        field.Shape switch
        {
            Shape.Fields => value is null ? [] : OfRecord(value).Select(v => (v.Field, (object?)v.Record)),
            Shape.Family family => OfMember(name, family, value!),
            Shape.Stages stages => OfStages(stages, (IReadOnlyList<StageNode>)value!),
            _ => Values(field, value).Select(v => (name, v)),
        };

    /// <summary>Another member of a closed set, and the member's own fields.</summary>
    private static IEnumerable<(string Field, object? Value)> OfMember(
        string name,
        Shape.Family family,
        object value
    ) =>
        [
            .. family
                .All.Where(m => m.Type != value.GetType() && IsMadeOfDefaults(m))
                .Select(m => (name, (object?)Activator.CreateInstance(m.Type))),
            .. OfRecord(value).Select(v => (v.Field, (object?)v.Record)),
        ];

    private static IEnumerable<(string Field, object? Value)> OfStages(
        Shape.Stages shape,
        IReadOnlyList<StageNode> stages
    ) =>
        from i in Enumerable.Range(0, stages.Count)
        where shape.Specs.Members.ContainsKey(stages[i].Spec.StageKind)
        from varied in OfRecord(stages[i].Spec)
        let node = Wired(stages[i] with { Spec = (StageSpec)varied.Record }, stages)
        where node is not null
        select (varied.Field, (object?)stages.Select((s, at) => at == i ? node : s).ToList());

    /// <summary>
    /// The stage with an input for every role that its settings now ask for, as the reader gives it; null where the
    /// experiment has none.
    /// </summary>
    private static StageNode? Wired(StageNode node, IReadOnlyList<StageNode> stages)
    {
        var inputs = new Dictionary<string, string>(node.Inputs, StringComparer.Ordinal);
        foreach (StageInput need in node.Spec.Needs.Where(n => !inputs.ContainsKey(n.Role)))
        {
            if (stages.FirstOrDefault(s => s.Spec.GetType() == need.Kind) is { } found)
            {
                inputs[need.Role] = found.Name;
            }
            else if (!need.Optional)
            {
                return null;
            }
        }

        return node with
        {
            Inputs = inputs,
        };
    }

    private static IEnumerable<object?> Values(Field field, object? value)
    {
        double least = field.Bounds?.Least ?? -1e6,
            most = field.Bounds?.Most ?? 1e6;
        return field.Shape switch
        {
            Shape.Flag => [!(bool)value!],
            Shape.Whole => new[] { (value as int? ?? 0) + 1, (value as int? ?? 0) - 1, least, least + 1, most }
                .Where(v => v >= least && v <= most && v != value as int?)
                .Select(v => (object?)(int)v),
            Shape.Number => new[]
            {
                (value as double? ?? 1) * 0.9,
                ((value as double? ?? 1) * 1.1) + 1e-3,
                least,
                (least + most) / 2,
            }
                .Where(v => v >= least && v <= most && v != value as double?)
                .Select(v => (object?)v),
            Shape.Choice choice => choice.Values.Values.Where(c => !c.Equals(value)),
            Shape.Text =>
            [
                .. (field.Form?.Words ?? []).Where(w => w != (string?)value),
                .. field.Form is null ? new[] { value + "x" } : [],
            ],
            Shape.Path when field.Form is { } form => form
                .Words.Where(w => w != ((SpecPath?)value)?.Raw)
                .Select(w => (object?)new SpecPath(w, w)),
            Shape.Path => [Elsewhere((SpecPath?)value)],
            Shape.List list => Lists(field, list, (IEnumerable?)value ?? Array.Empty<object>()),
            Shape.Map => ((IDictionary)value!).Count == 0 ? [] : [Longer((IDictionary)value!)],
            _ => throw new NotSupportedException(
                $"the law does not know how to vary a {field.Shape.GetType().Name}: say it here"
            ),
        };
    }

    /// <summary>A list without its first, without its last, and with another first.</summary>
    private static IEnumerable<object?> Lists(Field field, Shape.List shape, IEnumerable value)
    {
        object[] items = [.. value.Cast<object>()];
        if (items.Length == 0)
        {
            yield break;
        }

        var others = shape.Item switch
        {
            Shape.Choice choice => choice.Values.Values.Where(c => !items.Contains(c)).Cast<object>(),
            Shape.Number => [(double)items[0] * 0.9],
            Shape.Whole => [(int)items[0] + 1],
            Shape.Keyed => Enum.GetValues<Criterion>().Select(c => (RankingSpec)c).Where(c => !items.Contains(c)),
            Shape.Text => (field.Form?.Words ?? []).Where(w => !items.Contains(w)),
            Shape.Path => [Elsewhere((SpecPath)items[0])!],
            _ => throw new NotSupportedException(
                $"the law does not know how to vary a list of {shape.Item.GetType().Name}: say it here"
            ),
        };
        IEnumerable<object[]> lists = [items[1..], items[..^1], .. others.Select(o => (object[])[o, .. items[1..]])];
        foreach (object[] list in lists.Where(l => l.Length > 0))
        {
            Array typed = Array.CreateInstance(shape.ItemType, list.Length);
            list.CopyTo(typed, 0);
            yield return typed;
        }
    }

    private static Dictionary<string, IReadOnlyList<string>> Longer(IDictionary map)
    {
        var longer = map
            .Keys.Cast<string>()
            .ToDictionary(k => k, k => (IReadOnlyList<string>)map[k]!, StringComparer.Ordinal);
        longer[longer.Keys.First()] = ["another", "word"];
        return longer;
    }

    /// <summary>The same file or folder by another way to it.</summary>
    private static SpecPath? Elsewhere(SpecPath? path) =>
        path is null
            ? null
            : new SpecPath(path.Raw, Path.Combine(Path.GetDirectoryName(path.Full)!, ".", Path.GetFileName(path.Full)));

    private static object With(object record, Field field, object? value)
    {
        object copy = record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        field.Property.SetValue(copy, value);
        return copy;
    }

    private static string NameOf(Shape.Fields record, Field field) => $"{record.Type.Name}.{field.Property.Name}";
}
