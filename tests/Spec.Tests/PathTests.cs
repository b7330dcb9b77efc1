using FluentAssertions;
using Pipelines.Spec.Reading;
using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>What is said when a model or pictures are missing.</summary>
public sealed class PathTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string[] Errors(string model, string data)
    {
        string spec = folder.Write(
            "spec.yaml",
            $"name: n\nmodel: {{ path: {model} }}\ndata: {{ {data} }}\nstages: {{ s: {{ stage: answer-questions }} }}\n"
        );
        return
        [
            .. ExperimentReader
                .Read(spec)
                .Errors.Select(e => e.ToString().Replace(folder.Path, "/F", StringComparison.Ordinal)),
        ];
    }

    private void Model(string name) => folder.Write(name + "/config.json", "{}");

    [Fact]
    public void What_is_there_is_no_error()
    {
        Model("m");
        folder.Folder("images");
        folder.Write("labels.csv", "file,category\n");
        folder.Write("coco.json", "{}");
        folder.Folder("net/real");
        Errors("m", "kind: folder, images: images, labels: labels.csv").Should().BeEmpty();
        Errors("m", "kind: coco, images: images, annotations: coco.json").Should().BeEmpty();
        Errors("m", "kind: domainnet, root: net, domains: [real]").Should().BeEmpty();
    }

    [Fact]
    public void A_missing_published_model_is_told_with_the_command_that_gets_it()
    {
        folder.Folder("images");
        Errors("models/llava-1.5-7b-hf", "kind: folder, images: images")
            .Should()
            .Equal(
                "/F/spec.yaml:2:16: model.path: there is no model folder at /F/models/llava-1.5-7b-hf (/F is there, "
                    + "but has no 'models'): get llava-hf/llava-1.5-7b-hf from the model hub, "
                    + "'hf download llava-hf/llava-1.5-7b-hf --local-dir /F/models/llava-1.5-7b-hf', or set model.path"
            );
        Errors("x/Qwen2-VL-2B-Instruct/", "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("get Qwen/Qwen2-VL-2B-Instruct from the model hub");
        Errors("internvl2.5-1b", "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("get OpenGVLab/InternVL2_5-1B from the model hub");
    }

    [Fact]
    public void Variables_that_a_path_is_written_with_are_named_where_nothing_is_there()
    {
        folder.Folder("images");
        Errors("\"${MODELS:-models}/llava-1.5-7b-hf\"", "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .EndWith("or set model.path, or set the environment variable MODELS, with which the path is written");
        PathText.Variables("a/${A}/$${B}/${C:-c}/${A}").Should().Equal("A", "C", "A");
        PathText.Variables("plain").Should().BeEmpty();
    }

    [Fact]
    public void A_slip_in_a_folders_name_is_told()
    {
        folder.Folder("images");
        Model("models/mine");
        Errors("models/mien", "kind: folder, images: images")
            .Should()
            .Equal(
                "/F/spec.yaml:2:16: model.path: there is no model folder at /F/models/mien: put the model's hub "
                    + "folder there (config.json, *.safetensors and the tokenizer's files), or set model.path (did "
                    + "you mean '/F/models/mine'?)"
            );
        Errors("models", "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .EndWith("(did you mean 'models/mine'?)")
            .And.Contain("has no config.json");
    }

    [Fact]
    public void A_repository_in_the_hubs_cache_is_a_model_folder()
    {
        folder.Folder("images");
        folder.Write("models--org--name/snapshots/0123/config.json", "{}");
        Errors("models--org--name", "kind: folder, images: images").Should().BeEmpty();
        Errors("models--org--name/snapshots/0123", "kind: folder, images: images").Should().BeEmpty();
        Errors("models--org--name/snapshots", "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .EndWith("(did you mean 'models--org--name/snapshots/0123'?)");
    }

    [Fact]
    public void Missing_COCO_is_told_with_the_archives_that_hold_it()
    {
        Model("m");
        Errors("m", "kind: coco, images: coco/train2017, annotations: coco/annotations/instances_val2014.json")
            .Should()
            .Equal(
                "/F/spec.yaml:3:29: data.images: there is no folder with the pictures at /F/coco/train2017 (/F is "
                    + "there, but has no 'coco'): get train2017.zip (COCO images, cocodataset.org) and unpack it there",
                "/F/spec.yaml:3:58: data.annotations: there is no annotation file at "
                    + "/F/coco/annotations/instances_val2014.json (/F is there, but has no 'coco'): get "
                    + "annotations_trainval2014.zip (COCO annotations, cocodataset.org), which holds "
                    + "instances_val2014.json"
            );
    }

    [Fact]
    public void A_missing_domain_is_told_with_those_that_are_there()
    {
        Model("m");
        folder.Folder("net/real");
        folder.Folder("net/sketch");
        Errors("m", "kind: domainnet, root: net, domains: [real, sketches]")
            .Should()
            .Equal(
                "/F/spec.yaml:3:46: data.domains: the folder /F/net has no domain 'sketches': get sketches.zip "
                    + "(DomainNet, cleaned version, ai.bu.edu/M3SDA) and unpack them there, so that it holds "
                    + "domain/class/file (allowed: real, sketch; did you mean sketch?)"
            );
        Errors("m", "kind: domainnet, root: net")
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("/F/spec.yaml:3:32: data.domains: the folder /F/net has no domain 'clipart'");
    }

    [Fact]
    public void A_file_for_a_folder_and_a_folder_for_a_file_are_told()
    {
        folder.Write("m", "");
        folder.Folder("images");
        Errors("m", "kind: folder, images: images, labels: images")
            .Should()
            .Equal(
                "/F/spec.yaml:2:16: model.path: /F/m is a file: the model folder is wanted",
                "/F/spec.yaml:3:47: data.labels: /F/images is a folder: the table of labels is wanted"
            );
    }

    [Theory]
    [MemberData(nameof(UnfitPaths.All), MemberType = typeof(UnfitPaths))]
    public void A_path_that_no_system_can_open_is_told_in_every_field(string path, string problem)
    {
        Model("m");
        folder.Folder("images");
        Errors(path, "kind: folder, images: images")
            .Should()
            .ContainSingle()
            .Which.Should()
            .StartWith("/F/spec.yaml:2:16: model.path: ")
            .And.Contain(problem);
        Errors("m", $"kind: folder, images: {path}")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("data.images: ")
            .And.Contain(problem);
        Errors("m", $"kind: folder, images: images, labels: {path}")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("data.labels: ")
            .And.Contain(problem);
        Errors("m", $"kind: coco, images: images, annotations: {path}")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("data.annotations: ")
            .And.Contain(problem);
        Errors("m", $"kind: domainnet, root: {path}")
            .Should()
            .ContainSingle()
            .Which.Should()
            .Contain("data.root: ")
            .And.Contain(problem);
    }

    [Fact]
    public void A_path_that_a_variable_makes_unfit_is_told()
    {
        var variables = new Dictionary<string, string>
        {
            ["BLANK"] = " ",
            ["LONG"] = new('x', 300),
            ["HALF"] = "\ud800",
        };
        string Error(string path) =>
            ExperimentReader
                .Parse(
                    $"name: n\nmodel: {{ path: \"{path}\" }}\ndata: {{ kind: folder, images: i }}\nstages: {{ s: {{ "
                        + $"stage: answer-questions }} }}\n",
                    "spec.yaml",
                    "/specs",
                    environment: variables,
                    paths: PathRule.MayBeMissing
                )
                .Errors.Should()
                .ContainSingle()
                .Subject.Message;
        Error("${BLANK}").Should().Be("the path is empty");
        Error("${HALF}").Should().Be("the path holds half of a surrogate pair or a NUL");
        Error("${NONE:-}").Should().Be("the path is empty");
        Error("a/${LONG}/b").Should().Be("a name in the path has 300 bytes: file systems take at most 255");
    }

    [Fact]
    public void Missing_files_are_told_together_with_other_errors_and_once_for_all_members_of_a_matrix()
    {
        string spec = folder.Write(
            "spec.yaml",
            "name: n\nseed: x\nmodel: { path: m }\ndata: { kind: folder, images: . }\nstages: { s: { stage: "
                + "answer-questions } }\nmatrix: { prompt: [p1, p2] }\n"
        );
        ExperimentReader.Read(spec).Errors.Select(e => (e.Line, e.Path)).Should().Equal((2, "seed"), (3, "model.path"));
    }
}
