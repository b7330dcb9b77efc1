using FluentAssertions;
using Pipelines.Spec.Reading;
using Pipelines.Spec.Shapes;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>What a person reads when a spec is wrong: exact texts, for they are the product.</summary>
public sealed class ErrorTests
{
    private static IEnumerable<string> StageKinds =>
        ((Shape.Family)ShapeReader.Of(typeof(StageSpec))).Members.Select(m => m.Key);

    /// <summary>One slip in the design's example: the line that is replaced, its replacement, the error.</summary>
    public static TheoryData<string, string, string> Slips =>
        new()
        {
            {
                "seed: 7",
                "sed: 7",
                "spec.yaml:2:1: unknown key 'sed' (allowed: name, seed, model, data, prompt, logit_mean, target, "
                    + "engine, "
                    + "stages, matrix, base, experiments; did you mean seed?)"
            },
            {
                "seed: 7",
                "seed: seven",
                "spec.yaml:2:7: seed: 'seven' is not a whole number (allowed: -2147483648 to 2147483647)"
            },
            {
                "seed: 7",
                "seed: 1e3",
                "spec.yaml:2:7: seed: '1e3' is not a whole number (allowed: -2147483648 to 2147483647; did you "
                    + "mean 1000?)"
            },
            {
                "seed: 7",
                "seed: 99999999999999999999999",
                "spec.yaml:2:7: seed: '99999999999999999999999' is out of range (allowed: -2147483648 to 2147483647)"
            },
            {
                "seed: 7",
                "seed:",
                "spec.yaml:2:6: seed: there is no value (allowed: a whole number; left out, it is 0)"
            },
            {
                "seed: 7",
                "device: cpu",
                "spec.yaml:2:1: unknown key 'device' (allowed: name, seed, model, data, prompt, logit_mean, target, "
                    + "engine, "
                    + "stages, matrix, base, experiments; did you mean model.device?)"
            },
            {
                "seed: 7",
                "masks: { count: 5 }",
                "spec.yaml:2:1: unknown key 'masks' (allowed: name, seed, model, data, prompt, logit_mean, target, "
                    + "engine, "
                    + "stages, matrix, base, experiments; did you mean stages.masks?)"
            },
            {
                "seed: 7",
                "bsae: other.yaml",
                "spec.yaml:2:1: unknown key 'bsae' (allowed: name, seed, model, data, prompt, logit_mean, target, "
                    + "engine, "
                    + "stages, matrix, base, experiments; did you mean base?)"
            },
            { "seed: 7", "prompt: p2", "spec.yaml:9:1: the key 'prompt' is there twice: first on line 2" },
            {
                "name: quickstart",
                "name: my run",
                "spec.yaml:1:7: name: 'my run' is not a valid name (allowed: letters, digits, '-', '_' and '.', at "
                    + "most 100; the first a letter, digit or '_')"
            },
            {
                "name: quickstart",
                "nmae: quickstart",
                "spec.yaml:1:1: unknown key 'nmae' (allowed: name, seed, model, data, prompt, logit_mean, target, "
                    + "engine, "
                    + "stages, matrix, base, experiments; did you mean name?)"
            },
            { "name: quickstart", "", "spec.yaml:2:1: the key 'name' is missing (allowed: a text)" },
            {
                "prompt: default",
                "prompt: defualt",
                "spec.yaml:9:9: prompt: 'defualt' is not a valid prompt (allowed: default, p1 to p9, or the question "
                    + "itself: more than one word, no blank at its ends, no { or } but in "
                    + "{question}, because nothing else is put in the "
                    + "place of what braces name; did you mean default?)"
            },
            {
                "prompt: default",
                "prompt: |\n  What is this?",
                "spec.yaml:9:9: prompt: 'What is this?·' is not a valid prompt (allowed: default, p1 to p9, or the "
                    + "question itself: more than one word, no blank at its ends, no { or } but in "
                    + "{question}, because nothing else is put "
                    + "in the place of what braces name)"
            },
            {
                "device: auto",
                "device: cdua",
                "spec.yaml:3:48: model.device: 'cdua' is not a valid device (allowed: auto, cpu, cuda, cuda:N; did "
                    + "you mean cuda?)"
            },
            {
                "prompt: default",
                "prompt: 'Is this a {category}?'",
                "spec.yaml:9:9: prompt: 'Is this a {category}?' is not a valid prompt (allowed: default, p1 to p9, "
                    + "or the question itself: more than one word, no blank at its ends, no { or } but in "
                    + "{question}, because nothing else "
                    + "is put in the place of what braces name)"
            },
            {
                "prompt: default",
                "prompt: 'What is {{ object }}'",
                "spec.yaml:9:9: prompt: 'What is {{ object }}' is not a valid prompt (allowed: default, p1 to p9, or "
                    + "the question itself: more than one word, no blank at its ends, no { or } but in "
                    + "{question}, because nothing else is "
                    + "put in the place of what braces name)"
            },
            {
                "prompt: default",
                "prompt: 'What is {} here?'",
                "spec.yaml:9:9: prompt: 'What is {} here?' is not a valid prompt (allowed: default, p1 to p9, or the "
                    + "question itself: more than one word, no blank at its ends, no { or } but in "
                    + "{question}, because nothing else is put "
                    + "in the place of what braces name)"
            },
            {
                "device: auto",
                "compute: Float-32",
                "spec.yaml:3:49: model.compute: 'Float-32' is not a valid compute (allowed: auto, float32, bfloat16; "
                    + "did you mean float32?)"
            },
            {
                "path: quickstart/micro-llava",
                "path: '${NOWHERE}/x'",
                "spec.yaml:3:16: model.path: the environment variable NOWHERE is not set: set it, or give a default: "
                    + "${NOWHERE:-path}"
            },
            {
                "path: quickstart/micro-llava",
                "path: '${a b}/x'",
                "spec.yaml:3:16: model.path: '${a b}' is no variable: write ${NAME} or ${NAME:-default}"
            },
            { "path: quickstart/micro-llava", "path: '${A'", "spec.yaml:3:16: model.path: '${A' has no closing brace" },
            {
                "path: quickstart/micro-llava",
                "path: '${A:-${B}}'",
                "spec.yaml:3:16: model.path: the default of ${A} may not hold another variable"
            },
            {
                "path: quickstart/micro-llava",
                "path: ~/models",
                "spec.yaml:3:16: model.path: '~' is not expanded: write '${HOME}/models'"
            },
            { "path: quickstart/micro-llava", "path: ''", "spec.yaml:3:16: model.path: the path is empty" },
            {
                "path: quickstart/micro-llava",
                "path: ${MODELS}/x",
                "spec.yaml:3:17: not YAML: inside { } a path with ${…} must stand in quotes"
            },
            {
                "kind: coco",
                "kind: cocoo",
                "spec.yaml:5:9: data.kind: 'cocoo' is not a kind (allowed: coco, domainnet, folder, questions; did "
                    + "you mean coco?)"
            },
            {
                "kind: coco",
                "",
                "spec.yaml:6:3: data: the key 'kind' is missing (allowed: coco, domainnet, folder, questions)"
            },
            {
                "images: quickstart/images",
                "image: quickstart/images",
                "spec.yaml:6:3: data: unknown key 'image' (allowed: kind, images, annotations, single_object, "
                    + "missing; did you mean images?)"
            },
            {
                "images: quickstart/images",
                "images: quickstart/images\n  domains: [real]",
                "spec.yaml:7:3: data: the key 'domains' belongs to kind domainnet, not coco (allowed: kind, images, "
                    + "annotations, single_object, missing)"
            },
            {
                "images: quickstart/images",
                "images: [a]",
                "spec.yaml:6:11: data.images: a list stands where a path is wanted"
            },
            {
                "min_area: 0.06",
                "minArea: 0.06",
                "spec.yaml:8:20: data.single_object: unknown key 'minArea' (allowed: min_area, others_below; did you "
                    + "mean min_area?)"
            },
            {
                "min_area: 0.06",
                "min_area: 5%",
                "spec.yaml:8:30: data.single_object.min_area: '5%' is not a number (allowed: 0 to 1; did you "
                    + "mean 0.05?)"
            },
            {
                "min_area: 0.06",
                "min_area: 1.5",
                "spec.yaml:8:30: data.single_object.min_area: '1.5' is out of range (allowed: 0 to 1)"
            },
            {
                "min_area: 0.06",
                "min_area: .nan",
                "spec.yaml:8:30: data.single_object.min_area: '.nan' is not a number (allowed: 0 to 1)"
            },
            {
                "keep: 12",
                "keep: \"12\"",
                "spec.yaml:11:49: stages.answers.keep: the quoted text '12' is not a whole number (allowed: 1 to "
                    + "1000000; did you mean 12?)"
            },
            {
                "keep: 12",
                "answer: { plurals: yes }",
                "spec.yaml:11:62: stages.answers.answer.plurals: 'yes' is not true or false (allowed: true, false; "
                    + "did you mean true?)"
            },
            {
                "keep: 12",
                "answer: { synonyms: { cat: kitty } }",
                "spec.yaml:11:70: stages.answers.answer.synonyms.cat: 'kitty' is not a list (did you mean [kitty]?)"
            },
            {
                "stage: collect-mean-kv",
                "stage: collect_mean_kv",
                $"spec.yaml:12:25: stages.baseline.stage: 'collect_mean_kv' is not a stage (allowed: "
                    + $"{string.Join(", ", StageKinds)}; did you mean collect-mean-kv?)"
            },
            {
                "count: 1000,",
                "count: 10_000,",
                "spec.yaml:13:46: stages.masks.count: '10_000' is not a whole number or auto (allowed: 2 to "
                    + "10000000, auto; did you mean 10000?)"
            },
            {
                "count: 1000,",
                "count: 1,",
                "spec.yaml:13:46: stages.masks.count: '1' is out of range (allowed: 2 to 10000000, auto)"
            },
            {
                "count: 1000,",
                "count: some,",
                "spec.yaml:13:46: stages.masks.count: 'some' is not a whole number or auto (allowed: 2 to "
                    + "10000000, auto)"
            },
            {
                "count: 1000,",
                "count: atuo,",
                "spec.yaml:13:46: stages.masks.count: 'atuo' is not a whole number or auto (allowed: 2 to 10000000, "
                    + "auto; did you mean auto?)"
            },
            {
                "count: 1000,",
                "count: [1000],",
                "spec.yaml:13:46: stages.masks.count: a list stands where a whole number or auto is wanted"
            },
            {
                "count: 1000,",
                "count: ,",
                "spec.yaml:13:46: stages.masks.count: there is no value (allowed: a whole number or auto; left out, "
                    + "it is 10000)"
            },
            {
                "count: 1000,",
                "count: 1000, until: 0.9,",
                "spec.yaml:13:52: stages.masks: the key 'until' belongs to count auto, not a whole number (allowed: "
                    + "stage, count, ablate, draw, scope, seed, shard, inputs)"
            },
            {
                "count: 1000,",
                "until: 0.9,",
                "spec.yaml:13:39: stages.masks: the key 'until' belongs to count auto, not a whole number (allowed: "
                    + "stage, count, ablate, draw, scope, seed, shard, inputs)"
            },
            {
                "count: 1000,",
                "count: auto, until: 1,",
                "spec.yaml:13:59: stages.masks.until: '1' is out of range (allowed: 0.001 to 0.9999)"
            },
            {
                "count: 1000,",
                "count: auto, most: 100, least: 200,",
                "spec.yaml:13:58: stages.masks.most: most is 100, below least, which is 200"
            },
            {
                "count: 1000,",
                "count: auto, least: 20000,",
                "spec.yaml:13:59: stages.masks.least: most is 10000, below least, which is 20000"
            },
            {
                "count: 1000,",
                "count: auto, untill: 0.9,",
                "spec.yaml:13:52: stages.masks: unknown key 'untill' (allowed: stage, count, until, least, most, "
                    + "elastic_net, ablate, draw, scope, seed, shard, inputs; did you mean until?)"
            },
            {
                "draw: exact",
                "draw: exactly",
                "spec.yaml:13:72: stages.masks.draw: 'exactly' is not a valid draw (allowed: exact, bernoulli; did "
                    + "you mean exact?)"
            },
            {
                "draw: exact",
                "alpha: 1",
                "spec.yaml:13:66: stages.masks: the key 'alpha' belongs to stage regress or gradient-cost or "
                    + "gradient-worth or non-additive or token-trace, not sample-masks (allowed: stage, count, "
                    + "ablate, draw, scope, seed, shard, inputs)"
            },
            {
                "trainer: elastic-net, alpha: 0.0005, l1_ratio: 0.5",
                "trainer: light-gbm, alpha: 0.0005",
                "spec.yaml:15:54: stages.attribution: the key 'alpha' belongs to trainer auto or elastic-net or sdca "
                    + "or gradient, not light-gbm (allowed: stage, trainer, trees, leaves, train, inputs)"
            },
            {
                "rank_by: [head-attribution, causal, attention, random]",
                "rank_by: [luck]",
                "spec.yaml:16:45: stages.validation.rank_by: 'luck' is not a valid rank_by (allowed: "
                    + "head-attribution, gradient, causal, attention, random, { run: NAME }, { file: PATH })"
            },
            {
                "rank_by: [head-attribution, causal, attention, random]",
                "rank_by: causal",
                "spec.yaml:16:44: stages.validation.rank_by: 'causal' is not a list (did you mean [causal]?)"
            },
            {
                "rank_by: [head-attribution, causal, attention, random]",
                "rank_by: []",
                "spec.yaml:16:44: stages.validation.rank_by: the list is empty (allowed: one of head-attribution, "
                    + "gradient, causal, attention, random, or a mapping with the key run or file)"
            },
            {
                "rank_by: [head-attribution, causal, attention, random]",
                "rank_by: [causal, causal]",
                "spec.yaml:16:53: stages.validation.rank_by: 'causal' is in the list twice"
            },
            {
                "report:      { stage: report }",
                "report: report",
                "spec.yaml:17:11: stages.report: 'report' stands where a stage is wanted (allowed: { stage: kind, … })"
            },
            {
                "report:      { stage: report }",
                "none: { stage: report }",
                "spec.yaml:17:3: stages: 'none' cannot name a stage (allowed: letters, digits, '-' and '_', the "
                    + "first a letter; not 'none')"
            },
            {
                "report:      { stage: report }",
                "report: { stage: report, inputs: masks }",
                "spec.yaml:17:36: stages.report.inputs: 'masks' stands where a mapping is wanted, for example "
                    + "'inputs: { masks: m2 }'"
            },
        };

    [Theory]
    [MemberData(nameof(Slips))]
    public void One_slip_is_one_error_with_place_what_is_allowed_and_the_nearest_name(
        string right,
        string wrong,
        string error
    )
    {
        Specs.Quickstart.Should().Contain(right);
        string text =
            wrong.Length > 0
                ? Specs.Quickstart.Replace(right, wrong, StringComparison.Ordinal)
                : Specs.Quickstart.Replace(right, "# ", StringComparison.Ordinal);
        Specs.Errors(text).Should().Equal(error);
    }

    [Theory]
    [InlineData("", "spec.yaml:1:1: the file is empty: a spec begins with 'name:', 'model:', 'data:' and 'stages:'")]
    [InlineData(
        "# nothing\n",
        "spec.yaml:1:1: the file is empty: a spec begins with 'name:', 'model:', 'data:' and 'stages:'"
    )]
    [InlineData(
        "- a\n",
        "spec.yaml:1:1: a list stands where a mapping is wanted: a spec begins with 'name:', 'model:', 'data:' "
            + "and 'stages:'"
    )]
    [InlineData(
        "hello\n",
        "spec.yaml:1:1: 'hello' stands where a mapping is wanted: a spec begins with 'name:', 'model:', 'data:' "
            + "and 'stages:'"
    )]
    [InlineData(
        "---\n---\n",
        "spec.yaml:2:1: a second document begins here: a file holds one experiment (for several use 'matrix:')"
    )]
    [InlineData(
        "name: a\n---\nname: b\n",
        "spec.yaml:2:1: a second document begins here: a file holds one experiment (for several use 'matrix:')"
    )]
    [InlineData("a: &a [*a]\n", "spec.yaml:1:8: the alias *a stands inside its own anchor &a")]
    [InlineData("a: *b\n", "spec.yaml:1:4: the alias *b has no anchor &b above it")]
    [InlineData("a: !!str b\n", "spec.yaml:1:4: the tag 'tag:yaml.org,2002:str' is not supported: leave it out")]
    [InlineData("? [a]\n: b\n", "spec.yaml:1:3: a key must be a text, not a list")]
    [InlineData(
        "<<: { a: b }\n",
        "spec.yaml:1:1: merge keys ('<<') are not supported: write the keys out, or use an alias for a whole value"
    )]
    [InlineData(
        "name: @x\n",
        "spec.yaml:1:7: not YAML: no plain text begins with this character: put the text in quotes"
    )]
    [InlineData(
        "name: \"a\nmodel: b\n",
        "spec.yaml:1:7: not YAML: the quotes that open here are not closed on this line"
    )]
    [InlineData("name: { a: b\n", "spec.yaml:2:1: not YAML: this mapping in { } is not closed, or lacks a ','")]
    [InlineData(
        "prompt: What: this\n",
        "spec.yaml:1:13: not YAML: a second ': ' here: put a text that holds ': ' in quotes, and indent the keys of "
            + "one mapping alike"
    )]
    [InlineData("name: [a\nmodel: b\n", "spec.yaml:1:7: not YAML: it cannot be read from here on")]
    public void What_is_no_spec_at_all_is_told_in_one_sentence(string text, string error) =>
        Specs.Errors(text).Should().Equal(error);

    [Fact]
    public void Every_line_indented_by_a_tab_is_named() =>
        Specs
            .Errors("name: a\nmodel:\n\tpath: b\ndata:\n  \tkind: folder\n")
            .Should()
            .Equal(
                "spec.yaml:3:1: indented by a tab: YAML wants blanks",
                "spec.yaml:5:3: indented by a tab: YAML wants blanks"
            );

    [Fact]
    public void All_errors_of_a_file_come_at_once_in_its_order_and_overrides_last()
    {
        string text = Specs
            .Quickstart.Replace("seed: 7", "seed: x", StringComparison.Ordinal)
            .Replace("kind: coco", "kind: cco", StringComparison.Ordinal)
            .Replace("ablate: 0.75", "ablate: 2", StringComparison.Ordinal);
        Specs
            .Errors(text, "stages.maks.count=3", "engine.btch=4", "prompt")
            .Should()
            .Equal(
                "spec.yaml:2:7: seed: 'x' is not a whole number (allowed: -2147483648 to 2147483647)",
                "spec.yaml:5:9: data.kind: 'cco' is not a kind (allowed: coco, domainnet, folder, questions; did you "
                    + "mean coco?)",
                "spec.yaml:13:60: stages.masks.ablate: '2' is out of range (allowed: 0.001 to 0.999)",
                "--set engine.btch: unknown key 'btch' (allowed: linear, batch, mixing; did you mean batch?)",
                "--set prompt: 'prompt' sets nothing (allowed: field=value, for example stages.masks.count=2000)",
                "--set stages.maks.count: there is no stage 'maks' (allowed: answers, baseline, masks, forward, "
                    + "attribution, validation, report; did you mean masks?)"
            );
    }

    [Theory]
    [InlineData("stages.masks.count=1", "--set stages.masks.count: '1' is out of range (allowed: 2 to 10000000, auto)")]
    [InlineData(
        "model.path.x=1",
        "--set model.path.x: 'model.path' is 'quickstart/micro-llava': it has no keys below it"
    )]
    [InlineData("base=other.yaml", "--set base: 'base' can only stand in the file itself")]
    [InlineData(
        "stages.validation.rank_by.0=causal",
        "--set stages.validation.rank_by.0: 'stages.validation.rank_by' is a list: set it as a whole, for example "
            + "stages.validation.rank_by=[a, b]"
    )]
    [InlineData(
        "stages.validation.rank_by=[causal",
        "--set stages.validation.rank_by: not YAML: this list in [ ] is not closed, or lacks a ','"
    )]
    [InlineData(
        "a..b=1",
        "--set a..b: 'a..b=1' sets nothing (allowed: field=value, for example stages.masks.count=2000)"
    )]
    [InlineData("=1", "--set : '=1' sets nothing (allowed: field=value, for example stages.masks.count=2000)")]
    [InlineData("name=null", "spec.yaml:1:1: the key 'name' is missing (allowed: a text)")]
    [InlineData(
        "stages.masks.count=",
        "--set stages.masks.count: the value is empty (allowed: null for the default, '\"\"' for an empty text)"
    )]
    [InlineData(
        "prompt=  ",
        "--set prompt: the value is empty (allowed: null for the default, '\"\"' for an empty text)"
    )]
    public void An_override_is_checked_as_the_file_is(string option, string error) =>
        Specs.Errors(Specs.Quickstart, option).Should().Equal(error);

    [Theory]
    [InlineData("seed=1", "seed=2", "--set seed: the field is set twice: say it once")]
    [InlineData("seed=1", " seed =1", "--set seed: the field is set twice: say it once")]
    [InlineData(
        "stages.masks.count=9",
        "stages.masks={ stage: sample-masks }",
        "--set stages.masks: this undoes --set stages.masks.count, which stands before it: leave one out, or change "
            + "the order"
    )]
    public void An_override_that_undoes_another_is_refused(string first, string second, string error) =>
        Specs.Errors(Specs.Quickstart, first, "prompt=p1", second).Should().Equal(error);

    [Fact]
    public void An_override_may_refine_one_before_it_and_share_its_beginning()
    {
        Experiment read = Specs.One(
            Specs.Quickstart,
            "stages.masks={ stage: sample-masks }",
            "stages.masks.count=9",
            "stages.masks.shard=3"
        );

        read.Stages.Select(s => s.Spec).OfType<SampleMasksSpec>().Should().ContainSingle(m => m.Shard == 3);
    }

    [Fact]
    public void An_excerpt_points_at_the_text()
    {
        SpecError error = Specs
            .Read(Specs.Quickstart.Replace("seed: 7", "seed: x", StringComparison.Ordinal))
            .Errors.Should()
            .ContainSingle()
            .Subject;
        (error.File, error.Line, error.Column, error.Path).Should().Be(("spec.yaml", 2, 7, "seed"));
        error.Excerpt.Should().Be("    2 | seed: x\n      |       ^");
    }

    [Fact]
    public void What_is_shown_cannot_steer_a_terminal() =>
        Specs
            .Errors(
                "name: \"\\e[31mred\\u202E\\n\"\nmodel: { path: m }\ndata: { kind: folder, images: i }\nstages: { s: "
                    + "{ stage: answer-questions } }\n"
            )
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("spec.yaml:1:7: name: '·[31mred··' is not");

    [Fact]
    public void Files_that_cannot_be_read_are_told()
    {
        using var folder = new TemporaryFolder();
        folder.Write("quickstart.yaml", Specs.Quickstart);
        string missing = Path.Combine(folder.Path, "quickstrat.yaml");
        ExperimentReader
            .Read(missing)
            .Errors.Should()
            .ContainSingle()
            .Which.ToString()
            .Should()
            .Be($"{missing}: there is no such file (looked for {missing}) (did you mean 'quickstart.yaml'?)");
        ExperimentReader
            .Read(folder.Path)
            .Errors.Should()
            .ContainSingle()
            .Which.Message.Should()
            .Be("this is a folder: name the spec file in it");
        string binary = Path.Combine(folder.Path, "b.yaml");
        File.WriteAllBytes(binary, [0x61, 0x0A, 0xFF, 0xFE]);
        ExperimentReader
            .Read(binary)
            .Errors.Should()
            .ContainSingle()
            .Which.ToString()
            .Should()
            .Be($"{binary}:2:1: the file is not UTF-8 text");
        string large = folder.Write("l.yaml", new string('a', 1 << 21));
        ExperimentReader
            .Read(large)
            .Errors.Should()
            .ContainSingle()
            .Which.Message.Should()
            .Be("the file has 2097152 bytes: a spec has at most 1048576");
        ExperimentReader.Read("\0").Errors.Should().ContainSingle();
    }
}
