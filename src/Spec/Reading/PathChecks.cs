namespace Pipelines.Spec.Reading;

/// <summary>Whether the reader looks at the disk.</summary>
public enum PathRule
{
    /// <summary>A missing model, picture folder or annotation file is an error: before a run.</summary>
    MustExist,

    /// <summary>Paths are not looked at: to show, compare or convert specs.</summary>
    MayBeMissing,
}

/// <summary>
/// Looks whether what an experiment reads is there, before anything runs. Says what to get and where it was looked for;
/// what is in the files is judged by those who read them.
/// </summary>
internal sealed class PathChecks(ErrorList errors, IReadOnlyDictionary<string, SourceMark> places)
{
    /// <summary>
    /// Adds an error for everything that is missing. Of an experiment that has other errors, what was read is checked.
    /// </summary>
    public void Check(Experiment experiment)
    {
        if (IsRead("model.path"))
        {
            Model(experiment.Model.Path);
        }

        if (IsRead("model.template") && experiment.Model.Template is { } template && Path.IsPathRooted(template.Full))
        {
            File(template, "model.template", "template", "write it there, or name a prompt");
        }

        if (IsRead("model.libtorch") && experiment.Model.Libtorch is { } libtorch)
        {
            Folder(
                libtorch,
                "model.libtorch",
                "PyTorch",
                "name the folder that `python -c \"import torch; print(torch.__path__[0])\"` prints"
            );
        }

        foreach (StageNode node in experiment.Stages ?? [])
        {
            Stage(node);
        }

        switch (experiment.Data)
        {
            case CocoData coco:
                if (IsRead("data.images"))
                {
                    Folder(
                        coco.Images,
                        "data.images",
                        "folder with the pictures",
                        Downloads.CocoImages(coco.Images.Full)
                    );
                }

                if (IsRead("data.annotations"))
                {
                    File(
                        coco.Annotations,
                        "data.annotations",
                        "annotation file",
                        Downloads.CocoAnnotations(coco.Annotations.Full)
                    );
                }

                break;
            case DomainNetData net when IsRead("data.root"):
                DomainNet(net);
                break;
            case QuestionsData questions:
                Questions(questions);
                break;
            case FolderData folder:
                if (IsRead("data.images"))
                {
                    Folder(
                        folder.Images,
                        "data.images",
                        "folder with the pictures",
                        "put the pictures there, or set data.images"
                    );
                }

                if (folder.Labels is { } labels)
                {
                    File(
                        labels,
                        "data.labels",
                        "table of labels",
                        "write a CSV with the columns file and category there, or leave data.labels out"
                    );
                }

                break;
        }
    }

    private void Questions(QuestionsData data)
    {
        foreach (SpecPath file in IsRead("data.file") ? data.File : [])
        {
            if (!file.Full.AsSpan().ContainsAny('*', '?')) // what a pattern stands for is found where it is read
            {
                File(file, "data.file", "file of questions", "get the data set, or set data.file");
            }
        }

        if (data.Images is { } images && IsRead("data.images"))
        {
            Folder(images, "data.images", "folder with the pictures", Downloads.CocoImages(images.Full));
        }

        if (data.Annotations is { } annotations && IsRead("data.annotations"))
        {
            File(annotations, "data.annotations", "file of annotations", "get it, or leave the key out");
        }

        if (data.Pairs is { } pairs && IsRead("data.pairs"))
        {
            File(pairs, "data.pairs", "list of pairs", "get it, or leave the key out");
        }
    }

    private void Stage(StageNode node)
    {
        string path = $"stages.{node.Name}";
        switch (node.Spec)
        {
            case CollectMeanKvSpec { Folder: { } folder }:
                Folder(
                    folder,
                    $"{path}.folder",
                    "folder with the baseline pictures",
                    "put pictures there, or leave the key out to draw them from the data"
                );
                break;
            case ValidateSpec validate:
                foreach (
                    FileRanking ranking in (validate.RankBy ?? []).OfType<FileRanking>().Where(r => r.File is not null)
                )
                {
                    File(
                        ranking.File,
                        $"{path}.rank_by.file",
                        "file of heads",
                        "write JSON lines with layer and head there"
                    );
                }

                break;
        }
    }

    private bool IsRead(string field) => places.ContainsKey(field);

    private void Model(SpecPath path)
    {
        const string field = "model.path";
        if (
            !Folder(path, field, "model folder", Downloads.Model(path.Full))
            || System.IO.File.Exists(Path.Combine(path.Full, "config.json"))
        )
        {
            return;
        }

        if (Directory.Exists(Path.Combine(path.Full, "snapshots")))
        {
            return; // a repository in the hub's cache: its snapshot is found where the model is read
        }

        string? inner = Entries(path.Full)
            .FirstOrDefault(e => System.IO.File.Exists(Path.Combine(path.Full, e, "config.json")));
        errors.Add(
            places[field],
            field,
            $"the folder {path.Full} has no config.json: it is no model folder as the hub lays it out; "
                + $"{Downloads.Model(path.Full)}",
            null,
            inner is null ? null : $"'{Path.Combine(path.Raw, inner)}'"
        );
    }

    private void DomainNet(DomainNetData net)
    {
        if (!Folder(net.Root, "data.root", "folder with the domains", Downloads.DomainNet(net.Domains)))
        {
            return;
        }

        string[] present = [.. Entries(net.Root.Full).Where(e => Directory.Exists(Path.Combine(net.Root.Full, e)))];
        foreach (string domain in net.Domains.Where(d => !Directory.Exists(Path.Combine(net.Root.Full, d))))
        {
            SourceMark at = places.TryGetValue("data.domains", out SourceMark mark) ? mark : places["data.root"];
            errors.Add(
                at,
                "data.domains",
                $"the folder {net.Root.Full} has no domain {ErrorList.Quote(domain)}: {Downloads.DomainNet([domain])}",
                present.Length == 0 ? null : string.Join(", ", present.Take(12)),
                Nearest.To(domain, present)
            );
        }
    }

    private bool Folder(SpecPath path, string field, string what, string remedy)
    {
        if (Directory.Exists(path.Full))
        {
            return true;
        }

        if (System.IO.File.Exists(path.Full))
        {
            errors.Add(places[field], field, $"{path.Full} is a file: the {what} is wanted");
        }
        else
        {
            Missing(path, field, what, remedy);
        }

        return false;
    }

    private void File(SpecPath path, string field, string what, string remedy)
    {
        if (System.IO.File.Exists(path.Full))
        {
            return;
        }

        if (Directory.Exists(path.Full))
        {
            errors.Add(places[field], field, $"{path.Full} is a folder: the {what} is wanted");
        }
        else
        {
            Missing(path, field, what, remedy);
        }
    }

    private void Missing(SpecPath path, string field, string what, string remedy)
    {
        string parent = Path.GetDirectoryName(path.Full) ?? path.Full;
        string missing = Path.GetFileName(path.Full);
        while (!Directory.Exists(parent) && Path.GetDirectoryName(parent) is { } above)
        {
            (parent, missing) = (above, Path.GetFileName(parent));
        }

        string looked =
            Path.Combine(parent, missing) == path.Full ? "" : $" ({parent} is there, but has no '{missing}')";
        errors.Add(
            places[field],
            field,
            $"there is no {what} at {path.Full}{looked}: {remedy}{Variables(path)}",
            null,
            Nearest.To(missing, Entries(parent)) is { } near ? $"'{Path.Combine(parent, near)}'" : null
        );
    }

    /// <summary>The environment variables that a path is written with, which say where it lies here.</summary>
    private static string Variables(SpecPath path)
    {
        string[] names = [.. PathText.Variables(path.Raw).Distinct(StringComparer.Ordinal)];
        return names.Length == 0
            ? ""
            : $", or set the environment variable {string.Join(" and ", names)}, with which the path is written";
    }

    /// <summary>Some names in a folder; none where it cannot be read.</summary>
    private static List<string> Entries(string folder)
    {
        try
        {
            return
            [
                .. Directory
                    .EnumerateFileSystemEntries(folder)
                    .Take(1000)
                    .Select(e => Path.GetFileName(e))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
